// The variables of an HTTP listener, under a prefix of its own.
import { serviceCallers } from '../operators/service-callers.ts';
import { boolean, ed25519PublicKey, integer, listenAddress, listOf, positiveDuration } from './types.ts';
import { defaulted, optional, removed } from './variables.ts';

/** @param name such as `the public HTTP listener (probes, sign-in)`. */
export function httpListener(prefix: string, fallbackAddr: string, name: string) {
  return {
    addr: defaulted(`${prefix}_ADDR`, fallbackAddr, listenAddress, { help: `Where ${name} binds.` }),
    ...httpTimeouts(prefix),
  };
}

export function httpTimeouts(prefix: string) {
  return {
    readHeaderTimeoutMs: defaulted(`${prefix}_READ_HEADER_TIMEOUT`, '2s', positiveDuration, {
      help: 'How long a client may take to send its headers.',
    }),
    readTimeoutMs: defaulted(`${prefix}_READ_TIMEOUT`, '10s', positiveDuration, {
      help: 'How long a client may take to send a whole request.',
    }),
    idleTimeoutMs: defaulted(`${prefix}_IDLE_TIMEOUT`, '1m', positiveDuration, {
      help: 'How long an idle connection stays open.',
    }),
  };
}

/** A listener for other services, which trusts its callers. */
export function serviceListener(
  prefix: string,
  fallbackAddr: string,
  name: string,
  fallbackBodyLimitBytes = 65_536,
) {
  return {
    ...httpListener(prefix, fallbackAddr, name),
    bodyLimitBytes: defaulted(
      `${prefix}_BODY_LIMIT_BYTES`,
      String(fallbackBodyLimitBytes),
      integer(1_024, 16_777_216),
      { help: 'Largest body of a request.' },
    ),
    ...listenerCallers(prefix),
  };
}

/** Who may call a listener. */
export function listenerCallers(prefix: string) {
  return {
    callers: optional(`${prefix}_CALLERS`, serviceCallers, {
      help: 'The services that may call it, as JSON: [{"caller", "token_sha256": [], "permissions": []}]; see service-callers.md. Every request except probes must carry a token of one of them. Unset: none is required.',
      // Hashes are none, but a token may be written in place of one.
      secret: true,
    }),
    token: removed(
      `${prefix}_TOKEN`,
      `Name each caller in ${prefix}_CALLERS, with the hash of its token; see docs/service-callers.md.`,
    ),
  };
}

/** A listener for operators and other services. */
export function internalListener(...of: Parameters<typeof serviceListener>) {
  const [prefix] = of;
  return {
    ...serviceListener(...of),
    operatorKeys: defaulted(`${prefix}_OPERATOR_KEYS`, '', listOf(ed25519PublicKey), {
      help: 'Public keys of BACKEND_OPERATOR_ASSERTION_PRIVATE_KEY_PEM_PATH, base64, separated by commas: the present one, and during a rotation the next. With them what operators do needs the assertion that the console sends. Empty: the token alone admits.',
    }),
    unnamedOperators: defaulted(`${prefix}_UNNAMED_OPERATORS`, 'false', boolean, {
      help: 'With these keys: whether the token alone admits to what operators do nevertheless, so that no one is named for it. For local use.',
    }),
  };
}
