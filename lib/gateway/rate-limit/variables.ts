// The variables of the gateway's rate limits. lib/gateway/config.ts includes them; docs/limits.md explains each limit.
import { rate } from '../../config/types.ts';
import { defaulted } from '../../config/variables.ts';

const limit = (name: string, fallback: string, help: string) =>
  defaulted(`GATEWAY_RATE_LIMIT_${name}`, fallback, rate, { help });

export const rateLimitVariables = {
  grpcAddress: limit(
    'GRPC_ADDRESS',
    '200/s burst 400',
    'Signed requests of one client address (IPv6: of one /64). Written `10/s burst 20`; `off` for no limit.',
  ),
  grpcUnverified: limit(
    'GRPC_UNVERIFIED',
    '10/s burst 100',
    'Session look-ups for one client address (IPv6: for one /64) that lead to no valid signature.',
  ),
  publicHttpAddress: limit(
    'PUBLIC_HTTP_ADDRESS',
    '5/s burst 50',
    'Requests of one client address to the public HTTP routes; probes do not count.',
  ),
  signInEmailNetwork: limit(
    'SIGN_IN_EMAIL_NETWORK',
    '20/h burst 10',
    'Sign-in codes requested for one e-mail address by one client address (IPv6: by one /64).',
  ),
  signInEmail: limit(
    'SIGN_IN_EMAIL',
    '60/h burst 30',
    'Sign-in codes requested for one e-mail address, by all clients together.',
  ),
  signInKnownDevice: limit(
    'SIGN_IN_KNOWN_DEVICE',
    '20/h burst 10',
    'Sign-in codes that one device which has signed in before requests from one client address. They do not count for the two limits above; past it they do.',
  ),
  signInChallenge: limit('SIGN_IN_CHALLENGE', '10/m burst 10', 'Attempts to confirm one challenge.'),
  recovery: limit(
    'RECOVERY',
    '20/h burst 10',
    'Attempts to sign in to one e-mail address by a recovery code, by one client address (IPv6: by one /64).',
  ),
  sessionRead: limit('SESSION_READ', '20/s burst 60', 'Reads of one device session.'),
  sessionWrite: limit('SESSION_WRITE', '10/s burst 20', 'Writes of one device session.'),
  sessionSubscribe: limit('SESSION_SUBSCRIBE', '1/s burst 10', 'Subscriptions opened by one device session.'),
  userRead: limit('USER_READ', '40/s burst 120', 'Reads of one user, all device sessions together.'),
  userWrite: limit('USER_WRITE', '20/s burst 40', 'Writes of one user, all device sessions together.'),
  userSubscribe: limit(
    'USER_SUBSCRIBE',
    '4/s burst 32',
    'Subscriptions opened by one user, all device sessions together.',
  ),
};
