// An OpenID Connect issuer for tests: a real HTTP server that signs real tokens, and that a test may make misbehave.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

export type Person = { sub: string; email?: string; email_verified?: boolean };

/** What is wrong with the issuer, or with the token that it sends. */
export type Misbehaviour = {
  /** Claims that replace those of a token that is right. */
  claims?: Record<string, unknown>;
  unsigned?: boolean;
  /** Signs with a key that it does not publish, under the id of the one that it does. */
  otherKey?: boolean;
  /** The status of every response. */
  status?: number;
  /** Tells the address at its endpoint for it alone. */
  emailApart?: boolean;
};

type Grant = { nonce: string; challenge: string; redirectUri: string; person: Person };

const clientId = 'galaxy-console';
const clientSecret = 'a secret of the tests';
const keyId = 'first';

export class TestIssuer {
  readonly #server: Server;
  readonly #keys: { own: CryptoKeyPair; other: CryptoKeyPair };
  readonly #grants = new Map<string, Grant>();
  readonly #accessTokens = new Map<string, Person>();
  /** Who signs in next. */
  person: Person = { sub: 'nobody' };
  misbehaviour: Misbehaviour = {};

  private constructor(server: Server, keys: { own: CryptoKeyPair; other: CryptoKeyPair }) {
    this.#server = server;
    this.#keys = keys;
  }

  static async start(): Promise<TestIssuer> {
    const [own, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
    const server = createServer();
    const issuer = new TestIssuer(server, { own, other });
    server.on('request', (request, response) => {
      issuer.#respond(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await issuer.listen();
    return issuer;
  }

  /** Where it listened before, if it did. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(this.#port, '127.0.0.1', () => resolve());
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }
  #port = 0;

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get client() {
    return { issuer: this.#url, clientId, clientSecret };
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.#url);
    const json = (body: unknown, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (this.misbehaviour.status !== undefined) return json({}, this.misbehaviour.status);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(this.#metadata());
      case '/jwks': {
        const jwk = await exportJWK(this.#keys.own.publicKey);
        return json({ keys: [{ ...jwk, kid: keyId, alg: 'RS256', use: 'sig' }] });
      }
      case '/authorize':
        response.writeHead(302, { location: this.#authorize(url.searchParams) }).end();
        return undefined;
      case '/token': {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const tokens = await this.#exchange(new URLSearchParams(Buffer.concat(chunks).toString()));
        return tokens === undefined ? json({ error: 'invalid_grant' }, 400) : json(tokens);
      }
      case '/userinfo': {
        const person = this.#accessTokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '');
        return person === undefined ? json({}, 401) : json(person);
      }
      default:
        return json({}, 404);
    }
  }

  #metadata() {
    return {
      issuer: this.#url,
      authorization_endpoint: `${this.#url}/authorize`,
      token_endpoint: `${this.#url}/token`,
      jwks_uri: `${this.#url}/jwks`,
      userinfo_endpoint: `${this.#url}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  #authorize(query: URLSearchParams): string {
    const text = (name: string) => query.get(name) ?? '';
    if (text('client_id') !== clientId || text('code_challenge_method') !== 'S256')
      throw new Error(`the client asked ${query}`);
    const code = crypto.randomUUID();
    const redirectUri = text('redirect_uri');
    this.#grants.set(code, {
      nonce: text('nonce'),
      challenge: text('code_challenge'),
      redirectUri,
      person: this.person,
    });
    return `${redirectUri}?${new URLSearchParams({ code, state: text('state') })}`;
  }

  async #exchange(form: URLSearchParams): Promise<Record<string, unknown> | undefined> {
    const code = form.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const verifier = form.get('code_verifier') ?? '';
    const right =
      grant !== undefined &&
      form.get('client_secret') === clientSecret &&
      form.get('redirect_uri') === grant.redirectUri &&
      createHash('sha256').update(verifier).digest('base64url') === grant.challenge;
    if (!right) return undefined;
    const access_token = crypto.randomUUID();
    this.#accessTokens.set(access_token, grant.person);
    return { access_token, token_type: 'Bearer', expires_in: 60, id_token: await this.#idToken(grant) };
  }

  async #idToken({ nonce, person }: Grant): Promise<string> {
    const { claims, unsigned, otherKey, emailApart } = this.misbehaviour;
    const now = Math.floor(Date.now() / 1_000);
    const payload = {
      iss: this.#url,
      aud: clientId,
      iat: now,
      exp: now + 300,
      nonce,
      ...(emailApart ? { sub: person.sub } : person),
      ...claims,
    };
    if (unsigned) return new UnsecuredJWT(payload).encode();
    const key = otherKey ? this.#keys.other : this.#keys.own;
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: keyId }).sign(key.privateKey);
  }
}
