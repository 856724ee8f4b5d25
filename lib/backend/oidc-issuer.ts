// The OpenID Connect issuer at which operators may sign in. It is asked when the first of them does, so that the backend
// starts without it.
import * as oidc from 'openid-client';
import { normaliseEmail } from '../users/email.ts';

/** Whom the issuer has signed in. */
export type IssuedIdentity = {
  readonly issuer: string;
  readonly subject: string;
  /** Normalised; undefined unless the issuer has verified it. */
  readonly verifiedEmail: string | undefined;
};

/** What a sign-in that has begun is checked with when the browser comes back. */
export type IssuerChecks = {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
};

export type OidcIssuer = {
  readonly url: string;
  /** @throws IssuerUnavailable */
  begin(redirectUri: string): Promise<IssuerChecks & { authorizationUrl: string }>;
  /** @param callback the URL that the browser came back to. @throws IssuerUnavailable; any other Error refuses the sign-in. */
  finish(callback: URL, checks: IssuerChecks): Promise<IssuedIdentity>;
};

/** The issuer does not respond, or with something else than OpenID Connect. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

export type OidcClient = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

const requestTimeoutSeconds = 4;
const clockToleranceSeconds = 30;
/** How long its endpoints and keys are remembered; a key that is not known is looked up at once. */
const discoveryLifeMs = 600_000;

export function createOidcIssuer({ issuer, clientId, clientSecret }: OidcClient): OidcIssuer {
  const url = new URL(issuer);
  let discovered: { at: number; configuration: Promise<oidc.Configuration> } | undefined;

  function configure(): Promise<oidc.Configuration> {
    const at = performance.now();
    if (discovered === undefined || at - discovered.at > discoveryLifeMs) {
      const configuration = discover();
      const attempt = { at, configuration };
      discovered = attempt;
      configuration.catch(() => {
        if (discovered === attempt) discovered = undefined;
      });
    }
    return discovered.configuration;
  }

  async function discover(): Promise<oidc.Configuration> {
    const metadata = { client_secret: clientSecret, [oidc.clockTolerance]: clockToleranceSeconds };
    // The signature counts even though the token comes from the issuer over TLS: a proxy on the way may end TLS.
    const execute = [oidc.enableNonRepudiationChecks];
    if (url.protocol === 'http:') execute.push(oidc.allowInsecureRequests);
    return oidc
      .discovery(url, clientId, metadata, undefined, { execute, timeout: requestTimeoutSeconds })
      .catch((cause: unknown) => {
        throw new IssuerUnavailable(`${issuer} does not respond as an issuer of OpenID Connect`, { cause });
      });
  }

  return {
    url: issuer,
    async begin(redirectUri) {
      const configuration = await configure();
      const checks = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        codeVerifier: oidc.randomPKCECodeVerifier(),
      };
      const authorizationUrl = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid email',
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(checks.codeVerifier),
        code_challenge_method: 'S256',
      });
      return { ...checks, authorizationUrl: authorizationUrl.href };
    },
    async finish(callback, { state, nonce, codeVerifier }) {
      const configuration = await configure();
      try {
        const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error('the issuer sent no ID token');
        // Some issuers tell the address only when they are asked for it.
        const about =
          claims.email === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
            ? await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub)
            : claims;
        return { issuer: claims.iss, subject: claims.sub, verifiedEmail: verifiedEmailIn(about) };
      } catch (cause) {
        if (!isFailure(cause)) throw cause;
        throw new IssuerUnavailable(`${issuer} does not respond`, { cause });
      }
    },
  };
}

function verifiedEmailIn({ email, email_verified }: Record<string, unknown>): string | undefined {
  return typeof email === 'string' && email_verified === true ? normaliseEmail(email) : undefined;
}

/** Whether the issuer itself failed: no connection, no response in time, or one that OpenID Connect does not know. */
function isFailure(error: unknown): boolean {
  if (error instanceof oidc.ClientError) return failureCodes.has(error.code ?? '');
  // What fetch throws.
  return error instanceof TypeError && !('code' in error);
}

const failureCodes: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
]);
