import { z } from 'zod';
import { internalListener, serviceListener } from '../config/listener-variables.ts';
import { mailAddress, smtpUrl } from '../config/mail-types.ts';
import { postgresVariables } from '../config/postgres-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisClusterVariables } from '../config/redis-cluster-variables.ts';
import { redisOverRestOrTcp, redisRestVariables, redisVariables } from '../config/redis-variables.ts';
import type { Check } from '../config/startup.ts';
import {
  outboxRelayIntervalVariable,
  readBlockTimeoutVariable,
  streamVariable,
} from '../config/stream-variables.ts';
import {
  bearerToken,
  boolean,
  filePath,
  httpUrl,
  integer,
  isLoopback,
  positiveDuration,
  rate,
  text,
} from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { type MailableType, mailableTypes, notificationTypes } from '../protocol/notification-intents.ts';

const hmacKey = z
  .string()
  .refine(
    (key) => new TextEncoder().encode(key).length >= 32,
    'it must have at least 32 bytes; create one with: openssl rand -base64 48',
  );

const mailer = z.enum(['log', 'smtp'], {
  error: 'write smtp, or log (which writes sign-in codes to the log, for local use)',
});

/** Not stripped of a slash at its end: an issuer is compared by its text. */
const oidcIssuer = z.string().refine((text) => {
  const { protocol, hostname = '', search, hash, username } = URL.parse(text) ?? {};
  const reachable =
    protocol === 'https:' || (protocol === 'http:' && isLoopback({ host: hostname, port: 0 }));
  return reachable && search === '' && hash === '' && username === '';
}, 'write the URL of the issuer, such as https://accounts.example.com; http:// is for an issuer on this machine alone');

const smtpTls = z.enum(['required', 'optional'], { error: 'write required or optional' });

/** `lobby.game.started, lobby.invite.created` */
const notificationTypeList = z.string().transform((list, context): ReadonlySet<MailableType> => {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const types = new Set(mailableTypes.filter((type) => names.includes(type)));
  const others = names.filter((name) => !types.has(name as MailableType));
  if (others.length === 0) return types;
  const known: readonly string[] = notificationTypes;
  const unknown = others.filter((name) => !known.includes(name));
  const message =
    unknown.length > 0
      ? `there is no notification type ${unknown.join(', ')}; docs/notifications.md lists them`
      : `${others.join(', ')} cannot be mailed; docs/notifications.md lists what can`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** A notice that is a day old is not mailed, so what is counted must be mailed long before. */
const mailWindow = positiveDuration.refine((ms) => ms <= 12 * 3_600_000, 'must be at most 12h');

const limit = integer(0, 1_000_000);

export const backendVariables = {
  http: serviceListener('BACKEND_HTTP', ':8081', 'the listener for gateway and lobby'),
  adminHttp: internalListener('BACKEND_ADMIN_HTTP', '127.0.0.1:8082', 'the listener for admins'),
  postgres: postgresVariables('BACKEND'),
  redis: {
    ...redisVariables('BACKEND', 'holds the push log and the streams. It must not evict keys'),
    rest: redisRestVariables('BACKEND'),
  },
  pushRedis: redisClusterVariables(
    'BACKEND_PUSH_REDIS',
    'that holds the push log in place of the Redis of the streams: the same for every process of the backend',
  ),
  userLifecycleStream: streamVariable('BACKEND_USER_LIFECYCLE_STREAM', 'userLifecycle'),
  notifications: {
    stream: streamVariable('BACKEND_NOTIFICATION_INTENTS_STREAM', 'notificationIntents'),
    readBlockTimeoutMs: readBlockTimeoutVariable(
      'BACKEND_NOTIFICATION_INTENTS_READ_BLOCK_TIMEOUT',
      'notification intents',
    ),
    mailedTypes: defaulted('BACKEND_MAIL_NOTIFICATION_TYPES', '', notificationTypeList, {
      help: 'Types of notifications that are also sent by mail, separated by commas, such as `lobby.game.started, lobby.invite.created`. Empty: none.',
      mayBeEmpty: true,
    }),
    mailWindowMs: defaulted('BACKEND_MAIL_NOTIFICATION_WINDOW', '15m', mailWindow, {
      help: 'How long notifications that come in numbers, such as applications to one game, are counted after one of them was mailed, to be mailed as a number then. At most 12h. The same for every process of the backend that needs it.',
    }),
  },
  outboxRelayIntervalMs: outboxRelayIntervalVariable('BACKEND'),
  signIn: {
    codeHmacKey: required('BACKEND_CODE_HMAC_KEY', hmacKey, {
      help: 'Secret with which sign-in codes and recovery codes are hashed and waiting mails are encrypted: a random text of at least 32 bytes, the same for every process of the backend that needs it.',
      secret: true,
    }),
    maxMailsPerNetwork: defaulted('BACKEND_SIGN_IN_MAILS_PER_NETWORK', '10', integer(1, 1_000), {
      help: 'Most sign-in mails to one address that one network (an IPv4 address, or the /64 of an IPv6 address) may request within the window.',
    }),
    maxMailsPerAddress: defaulted('BACKEND_SIGN_IN_MAILS_PER_ADDRESS', '30', integer(1, 1_000), {
      help: 'Most sign-in mails to one address within the window, from all networks together. Not below BACKEND_SIGN_IN_MAILS_PER_NETWORK.',
    }),
    maxMailsFromNetwork: defaulted('BACKEND_SIGN_IN_MAILS_FROM_NETWORK', '30', integer(1, 1_000_000), {
      help: 'Most sign-in mails that one network may request within the window, to all addresses together.',
    }),
    maxMailsPerKnownDevice: defaulted('BACKEND_SIGN_IN_MAILS_PER_KNOWN_DEVICE', '10', integer(1, 1_000), {
      help: 'Most sign-in mails to one address within the window that one device which has signed in to its account may request, apart from those limits.',
    }),
    windowMs: defaulted('BACKEND_SIGN_IN_MAIL_WINDOW', '1h', positiveDuration, {
      help: 'The window of these limits.',
    }),
    maxWrongCodesPerAddress: defaulted('BACKEND_SIGN_IN_WRONG_CODES_PER_ADDRESS', '20', integer(1, 10_000), {
      help: 'Wrong sign-in codes for one address within 24 hours after which it gets longer codes.',
    }),
    maxWrongCodesPerNetwork: defaulted('BACKEND_SIGN_IN_WRONG_CODES_PER_NETWORK', '60', integer(1, 10_000), {
      help: 'Most wrong sign-in codes of one network (an IPv4 address, or the /64 of an IPv6 address) within an hour, for all addresses together.',
    }),
  },
  operatorAssertionKeyPath: optional('BACKEND_OPERATOR_ASSERTION_PRIVATE_KEY_PEM_PATH', filePath, {
    help: 'PKCS#8 PEM file with the Ed25519 key with which the backend signs who an operator is, for other services. Unset: no one can sign in to the console.',
  }),
  operatorOidc: {
    issuer: optional('BACKEND_OPERATOR_OIDC_ISSUER', oidcIssuer, {
      help: 'URL of the OpenID Connect issuer at which operators may sign in, exactly as it names itself, such as https://accounts.example.com. Unset: they sign in with passkeys alone. It need not be up when the backend starts.',
    }),
    clientId: optional('BACKEND_OPERATOR_OIDC_CLIENT_ID', text, {
      help: 'Id of the client that is registered there for the console.',
    }),
    clientSecret: optional('BACKEND_OPERATOR_OIDC_CLIENT_SECRET', text, {
      help: 'Secret of this client.',
      secret: true,
    }),
  },
  lookupRate: defaulted('BACKEND_USER_LOOKUP_RATE', '60/h burst 20', rate, {
    help: 'How often one user may look up other players by their handles, or try to take a handle, at each replica; `off` for no limit.',
  }),
  mail: {
    mailer: required('BACKEND_MAILER', mailer, {
      help: 'How mails are sent: by `smtp`; or `log`, which writes them to the log instead, sign-in codes included, for local use.',
    }),
    smtpServer: optional('BACKEND_SMTP_URL', smtpUrl, {
      help: 'The SMTP server that takes the mails: `smtp://user:password@host:587` (STARTTLS), or `smtps://…:465`. Required with BACKEND_MAILER=smtp.',
      secret: true,
    }),
    from: optional('BACKEND_MAIL_FROM', mailAddress, {
      help: 'Sender of the mails: `Galaxy <noreply@example.com>`. Required with BACKEND_MAILER=smtp.',
    }),
    publicUrl: optional('BACKEND_MAIL_PUBLIC_URL', httpUrl, {
      help: 'Base URL at which people reach the gateway’s public HTTP or web listener, such as https://play.example.com. Mails about games then have a link with which their recipient wants no more of their kind. Unset: they have none.',
    }),
    smtpTls: defaulted('BACKEND_SMTP_TLS', 'required', smtpTls, {
      help: '`optional` also sends to a server without STARTTLS: mails and password are then sent unencrypted.',
    }),
    smtpTimeoutMs: defaulted('BACKEND_SMTP_TIMEOUT', '20s', positiveDuration, {
      help: 'Bound on sending one mail, connecting included. A mail that was not sent in time is tried again.',
    }),
    smtpConnections: defaulted('BACKEND_SMTP_CONNECTIONS', '4', integer(1, 100), {
      help: 'Most connections of one process to the SMTP server, and so most mails that it sends at once.',
    }),
    codes: {
      rate: defaulted('BACKEND_SIGN_IN_MAIL_RATE', '10/s burst 100', rate, {
        help: 'How many mails with codes all processes together send at most; others wait until they expire. `off` for no limit.',
      }),
      accountPercent: defaulted('BACKEND_SIGN_IN_MAIL_ACCOUNT_PERCENT', '50', integer(0, 99), {
        help: 'The part of this rate that is kept for addresses that have an account, in percent.',
      }),
    },
    intervalMs: defaulted('BACKEND_MAIL_INTERVAL', '1s', positiveDuration, {
      help: 'How often the mail worker looks for mails that are not sent yet.',
    }),
  },
  entitlementDefaults: {
    canCreatePublicGame: defaulted('BACKEND_DEFAULT_CAN_CREATE_PUBLIC_GAME', 'true', boolean, {
      help: 'Whether users may create public games, unless their own entitlements say otherwise.',
    }),
    canCreatePrivateGame: defaulted('BACKEND_DEFAULT_CAN_CREATE_PRIVATE_GAME', 'true', boolean, {
      help: 'The same for private games.',
    }),
    canJoinGame: defaulted('BACKEND_DEFAULT_CAN_JOIN_GAME', 'true', boolean, {
      help: 'The same for joining games.',
    }),
    maxOwnedGames: defaulted('BACKEND_DEFAULT_MAX_OWNED_GAMES', '10', limit, {
      help: 'How many unfinished games a user may own, unless their own entitlements say otherwise.',
    }),
    maxActiveMemberships: defaulted('BACKEND_DEFAULT_MAX_ACTIVE_MEMBERSHIPS', '20', limit, {
      help: 'The same for games that a user plays in at once.',
    }),
    maxRegisteredRaceNames: defaulted('BACKEND_DEFAULT_MAX_REGISTERED_RACE_NAMES', '3', limit, {
      help: 'The same for race names that a user has registered.',
    }),
  },
  lobby: {
    httpUrl: optional('BACKEND_LOBBY_HTTP_URL', httpUrl, {
      help: 'Base URL of the lobby’s public listener; /api/v1/lobby/* is forwarded to it. Unset: the backend has no such routes.',
    }),
    token: optional('BACKEND_LOBBY_HTTP_TOKEN', bearerToken, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
    timeoutMs: defaulted('BACKEND_LOBBY_HTTP_TIMEOUT', '5s', positiveDuration, {
      help: 'Bound on one call to it.',
    }),
  },
  logLevel: logLevelVariable('BACKEND', 'The log mailer writes its lines at every level.'),
  shutdownTimeoutMs: shutdownTimeoutVariable('BACKEND', 'running requests'),
};

export type BackendConfig = Values<typeof backendVariables>;

const { postgres, redis, pushRedis, logLevel, shutdownTimeoutMs } = backendVariables;
const { codeHmacKey } = backendVariables.signIn;

/** Of the HTTP side as a process of its own. */
export const backendHttpVariables = {
  ...backendVariables,
  redis: redisOverRestOrTcp(redis),
};

export type BackendHttpConfig = Values<typeof backendHttpVariables>;

/** For processes that request sign-in mails. */
export const mailLimits: Check<Pick<BackendConfig, 'signIn'>> = {
  needs: ['BACKEND_SIGN_IN_MAILS_PER_ADDRESS', 'BACKEND_SIGN_IN_MAILS_PER_NETWORK'],
  problem: ({ signIn }) =>
    signIn.maxMailsPerAddress < signIn.maxMailsPerNetwork
      ? 'is below BACKEND_SIGN_IN_MAILS_PER_NETWORK; raise it, or lower that one'
      : undefined,
};

/** For processes in which operators sign in. */
export const oidcClient: Check<Pick<BackendConfig, 'operatorOidc'>> = {
  needs: [
    'BACKEND_OPERATOR_OIDC_ISSUER',
    'BACKEND_OPERATOR_OIDC_CLIENT_ID',
    'BACKEND_OPERATOR_OIDC_CLIENT_SECRET',
  ],
  problem: ({ operatorOidc: { issuer, clientId, clientSecret } }) => {
    const set = [issuer, clientId, clientSecret].filter((value) => value !== undefined).length;
    return set === 0 || set === 3
      ? undefined
      : 'set it together with BACKEND_OPERATOR_OIDC_CLIENT_ID and BACKEND_OPERATOR_OIDC_CLIENT_SECRET, or none of them';
  },
};

/** Of the outbox relay as a process of its own. */
export const outboxRelayVariables = {
  postgres,
  redis,
  pushRedis,
  userLifecycleStream: backendVariables.userLifecycleStream,
  outboxRelayIntervalMs: backendVariables.outboxRelayIntervalMs,
  notifications: { stream: backendVariables.notifications.stream },
  logLevel,
  shutdownTimeoutMs,
};

export type OutboxRelayConfig = Values<typeof outboxRelayVariables>;

/** Of the notification worker as a process of its own. */
export const notificationWorkerVariables = {
  postgres,
  redis,
  pushRedis,
  codeHmacKey,
  notifications: backendVariables.notifications,
  logLevel,
  shutdownTimeoutMs,
};

export type NotificationWorkerConfig = Values<typeof notificationWorkerVariables>;

/** Of the mail worker as a process of its own. */
export const mailWorkerVariables = {
  postgres,
  codeHmacKey,
  mail: backendVariables.mail,
  mailWindowMs: backendVariables.notifications.mailWindowMs,
  logLevel,
  shutdownTimeoutMs,
};

export type MailWorkerConfig = Values<typeof mailWorkerVariables>;
