import { z } from 'zod';
import { serviceListener } from '../config/listener-variables.ts';
import { mailAddress, smtpUrl } from '../config/mail-types.ts';
import { postgresVariables } from '../config/postgres-variables.ts';
import { redisRestVariables, redisVariables, unlessRest } from '../config/redis-variables.ts';
import type { Check } from '../config/startup.ts';
import {
  bearerToken,
  boolean,
  duration,
  httpUrl,
  integer,
  logLevel,
  positiveDuration,
  rate,
  text,
} from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { type NotificationType, notificationTypes } from '../protocol/notification-intents.ts';

const hmacKey = z
  .string()
  .refine(
    (key) => new TextEncoder().encode(key).length >= 32,
    'it must have at least 32 bytes; make one with: openssl rand -base64 48',
  );

const mailer = z.enum(['log', 'smtp'], {
  error: 'write smtp, or log (which prints sign-in codes to the log, for local use)',
});

const smtpTls = z.enum(['required', 'optional'], { error: 'write required or optional' });

/** `lobby.game.started, lobby.invite.created` */
const notificationTypeList = z.string().transform((list, context): ReadonlySet<NotificationType> => {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const types = new Set(notificationTypes.filter((type) => names.includes(type)));
  const unknown = names.filter((name) => !types.has(name as NotificationType));
  if (unknown.length === 0) return types;
  const message = `there is no notification ${unknown.join(', ')}; docs/notifications.md lists them`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const limit = integer(0, 1_000_000);

export const backendVariables = {
  http: serviceListener('BACKEND_HTTP', ':8081', 'the listener for gateway and lobby'),
  adminHttp: serviceListener('BACKEND_ADMIN_HTTP', '127.0.0.1:8082', 'the listener for admins'),
  postgres: postgresVariables('BACKEND'),
  redis: {
    ...redisVariables('BACKEND', 'holds the push log and the stream of user events. It must not evict keys'),
    tls: defaulted('BACKEND_REDIS_TLS_ENABLED', 'false', boolean, { help: 'Whether to connect with TLS.' }),
    rest: redisRestVariables('BACKEND'),
  },
  userLifecycleStream: defaulted('BACKEND_USER_LIFECYCLE_STREAM', 'user:lifecycle_events', text, {
    help: 'Redis stream that tells the lobby of users who were blocked.',
  }),
  notifications: {
    stream: defaulted('BACKEND_NOTIFICATION_INTENTS_STREAM', 'notification:intents', text, {
      help: 'Redis stream that asks for users to be notified.',
    }),
    readBlockTimeoutMs: defaulted('BACKEND_NOTIFICATION_INTENTS_READ_BLOCK_TIMEOUT', '5s', positiveDuration, {
      help: 'How long one read waits for them.',
    }),
    mailedTypes: defaulted('BACKEND_MAIL_NOTIFICATION_TYPES', '', notificationTypeList, {
      help: 'Types of notifications that go by mail, too, with commas between them, such as `lobby.game.started, lobby.invite.created`. Empty: none.',
      mayBeEmpty: true,
    }),
  },
  outboxRelayIntervalMs: defaulted('BACKEND_OUTBOX_RELAY_INTERVAL', '1s', positiveDuration, {
    help: 'How often the outbox relay looks for messages that are still to be published.',
  }),
  signIn: {
    codeHmacKey: required('BACKEND_CODE_HMAC_KEY', hmacKey, {
      help: 'Secret under which sign-in codes are hashed and mails wait encrypted: a random text of at least 32 bytes, the same for every process of the backend that wants it.',
      secret: true,
    }),
    maxMailsPerNetwork: defaulted('BACKEND_SIGN_IN_MAILS_PER_NETWORK', '10', integer(1, 1_000), {
      help: 'Most sign-in mails to one address that are asked for from one network (an IPv4 address, or the /64 of an IPv6 address) within the window.',
    }),
    maxMailsPerAddress: defaulted('BACKEND_SIGN_IN_MAILS_PER_ADDRESS', '30', integer(1, 1_000), {
      help: 'Most sign-in mails to one address within the window, wherever they are asked for. Not below BACKEND_SIGN_IN_MAILS_PER_NETWORK.',
    }),
    windowMs: defaulted('BACKEND_SIGN_IN_MAIL_WINDOW', '1h', positiveDuration, {
      help: 'The window of these limits.',
    }),
  },
  lookupRate: defaulted('BACKEND_USER_LOOKUP_RATE', '60/h burst 20', rate, {
    help: 'How often one user may look up other players by their handles, at each replica; `off` for no limit.',
  }),
  mail: {
    mailer: required('BACKEND_MAILER', mailer, {
      help: 'How mails are sent: by `smtp`, or not at all but into the `log`, sign-in codes included, for local use.',
    }),
    smtpServer: optional('BACKEND_SMTP_URL', smtpUrl, {
      help: 'The SMTP server that takes the mails: `smtp://user:password@host:587` (STARTTLS), or `smtps://…:465`. Required with BACKEND_MAILER=smtp.',
      secret: true,
    }),
    from: optional('BACKEND_MAIL_FROM', mailAddress, {
      help: 'Whom mails come from: `Galaxy <noreply@example.com>`. Required with BACKEND_MAILER=smtp.',
    }),
    smtpTls: defaulted('BACKEND_SMTP_TLS', 'required', smtpTls, {
      help: '`optional` also sends to a server that has no STARTTLS: mails and password travel in the clear then.',
    }),
    smtpTimeoutMs: defaulted('BACKEND_SMTP_TIMEOUT', '20s', positiveDuration, {
      help: 'Bound on sending one mail, connecting included. A mail that did not get through in time is tried again.',
    }),
    smtpConnections: defaulted('BACKEND_SMTP_CONNECTIONS', '4', integer(1, 100), {
      help: 'Most connections of one process to the SMTP server, and so most mails that it sends at a time.',
    }),
    intervalMs: defaulted('BACKEND_MAIL_INTERVAL', '1s', positiveDuration, {
      help: 'How often the mail worker looks for mails that are still to be sent.',
    }),
  },
  entitlementDefaults: {
    canCreatePublicGame: defaulted('BACKEND_DEFAULT_CAN_CREATE_PUBLIC_GAME', 'true', boolean, {
      help: 'Whether users may create public games, unless their own entitlement says otherwise.',
    }),
    canCreatePrivateGame: defaulted('BACKEND_DEFAULT_CAN_CREATE_PRIVATE_GAME', 'true', boolean, {
      help: 'The same for private games.',
    }),
    canJoinGame: defaulted('BACKEND_DEFAULT_CAN_JOIN_GAME', 'true', boolean, {
      help: 'The same for joining games.',
    }),
    maxOwnedGames: defaulted('BACKEND_DEFAULT_MAX_OWNED_GAMES', '10', limit, {
      help: 'How many unfinished games a user may own, unless their own entitlement says otherwise.',
    }),
    maxActiveMemberships: defaulted('BACKEND_DEFAULT_MAX_ACTIVE_MEMBERSHIPS', '20', limit, {
      help: 'The same for games that a user plays in at a time.',
    }),
    maxRegisteredRaceNames: defaulted('BACKEND_DEFAULT_MAX_REGISTERED_RACE_NAMES', '3', limit, {
      help: 'The same for race names that a user keeps for good.',
    }),
  },
  lobby: {
    httpUrl: optional('BACKEND_LOBBY_HTTP_URL', httpUrl, {
      help: 'Base URL of the lobby’s public listener; /api/v1/lobby/* is passed on to it. Unset: there are no such routes here.',
    }),
    token: optional('BACKEND_LOBBY_HTTP_TOKEN', bearerToken, {
      help: 'Bearer token that those calls carry.',
      secret: true,
    }),
    timeoutMs: defaulted('BACKEND_LOBBY_HTTP_TIMEOUT', '5s', positiveDuration, {
      help: 'Bound on one of those calls.',
    }),
  },
  logLevel: defaulted('BACKEND_LOG_LEVEL', 'info', logLevel, {
    help: 'Least severe log line that is written; the log mailer writes its lines at every level.',
  }),
  shutdownTimeoutMs: defaulted('BACKEND_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long running requests may take to finish after SIGTERM.',
  }),
};

export type BackendConfig = Values<typeof backendVariables>;

const { redis } = backendVariables;

/** Of the HTTP side as a process of its own. */
export const backendHttpVariables = {
  ...backendVariables,
  redis: { ...redis, addr: unlessRest(redis.addr), password: unlessRest(redis.password) },
};

export type BackendHttpConfig = Values<typeof backendHttpVariables>;

/** For whoever asks for sign-in mails. */
export const mailLimits: Check<Pick<BackendConfig, 'signIn'>> = {
  needs: ['BACKEND_SIGN_IN_MAILS_PER_ADDRESS', 'BACKEND_SIGN_IN_MAILS_PER_NETWORK'],
  problem: ({ signIn }) =>
    signIn.maxMailsPerAddress < signIn.maxMailsPerNetwork
      ? 'is below BACKEND_SIGN_IN_MAILS_PER_NETWORK; raise it, or lower that one'
      : undefined,
};

/** Of the outbox relay as a process of its own. */
export const outboxRelayVariables = {
  postgres: backendVariables.postgres,
  redis: backendVariables.redis,
  userLifecycleStream: backendVariables.userLifecycleStream,
  outboxRelayIntervalMs: backendVariables.outboxRelayIntervalMs,
  notifications: { stream: backendVariables.notifications.stream },
  logLevel: backendVariables.logLevel,
  shutdownTimeoutMs: backendVariables.shutdownTimeoutMs,
};

export type OutboxRelayConfig = Values<typeof outboxRelayVariables>;

/** Of the notification worker as a process of its own. */
export const notificationWorkerVariables = {
  postgres: backendVariables.postgres,
  redis: backendVariables.redis,
  codeHmacKey: backendVariables.signIn.codeHmacKey,
  notifications: backendVariables.notifications,
  logLevel: backendVariables.logLevel,
  shutdownTimeoutMs: backendVariables.shutdownTimeoutMs,
};

export type NotificationWorkerConfig = Values<typeof notificationWorkerVariables>;

/** Of the mail worker as a process of its own. */
export const mailWorkerVariables = {
  postgres: backendVariables.postgres,
  codeHmacKey: backendVariables.signIn.codeHmacKey,
  mail: backendVariables.mail,
  logLevel: backendVariables.logLevel,
  shutdownTimeoutMs: backendVariables.shutdownTimeoutMs,
};

export type MailWorkerConfig = Values<typeof mailWorkerVariables>;
