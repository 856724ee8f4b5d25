// The backend's tables. Identifiers are UUIDv7, so their order is the order of creation.
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { auditTable } from '../../audit/table.ts';
import type { Role } from '../../operators/roles.ts';
import { outboxTable } from '../../outbox/table.ts';
import { streamTables } from '../../streams/tables.ts';
import { purposes } from '../domain/sign-in.ts';

const bytea = customType<{ data: Uint8Array<ArrayBuffer>; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  fromDriver: (bytes) => new Uint8Array(bytes),
});

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export const backend = pgSchema('backend');

export const users = backend.table(
  'users',
  {
    userId: uuid('user_id').primaryKey(),
    /** Normalised; empty once the user was deleted. */
    email: text('email').notNull(),
    /** Lower case. */
    handle: text('handle'),
    displayName: text('display_name'),
    /** Canonical BCP 47 tag. */
    locale: text('locale').notNull(),
    /** IANA name. */
    timeZone: text('time_zone').notNull(),
    blockedAt: time('blocked_at'),
    deletedAt: time('deleted_at'),
    createdAt: time('created_at').notNull(),
  },
  (table) => [
    // A deleted account frees its address and its handle.
    uniqueIndex('users_email_unique').on(table.email).where(sql`deleted_at is null`),
    uniqueIndex('users_handle_unique').on(table.handle).where(sql`deleted_at is null`),
    // For the admin's search by prefix.
    index('users_email_prefix').on(table.email.op('text_pattern_ops')),
    index('users_handle_prefix').on(table.handle.op('text_pattern_ops')),
  ],
);

export const deviceSessions = backend.table(
  'device_sessions',
  {
    deviceSessionId: uuid('device_session_id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.userId),
    clientPublicKey: bytea('client_public_key').notNull(),
    deviceName: text('device_name'),
    /** Roughly where it signed in from: the /24 of an IPv4 address, the /48 of an IPv6 address. */
    network: text('network'),
    createdAt: time('created_at').notNull(),
    /** To the hour; null for a session of before this was recorded. */
    lastUsedAt: time('last_used_at'),
    /** null while the session is active. */
    revokedAt: time('revoked_at'),
  },
  (table) => [
    index('device_sessions_by_user').on(table.userId, table.deviceSessionId),
    index('device_sessions_by_use').on(table.lastUsedAt).where(sql`revoked_at is null`),
    check('device_sessions_key_length', sql`octet_length(${table.clientPublicKey}) = 32`),
  ],
);

export const authChallenges = backend.table(
  'auth_challenges',
  {
    challengeId: uuid('challenge_id').primaryKey(),
    /** The code is good for nothing else. */
    purpose: text('purpose', { enum: purposes }).notNull().default('sign_in'),
    /** Normalised; may have no user. */
    email: text('email').notNull(),
    /** `und` when none was given. */
    locale: text('locale').notNull(),
    /** The network of the request, if it is known: an IPv4 address or the /64 of an IPv6 address; `user:` and the id of a signed-in user. */
    clientNetwork: text('client_network'),
    /** Of a signed-in user who changes their account; null for a sign-in. */
    userId: uuid('user_id'),
    /** The same for both challenges of a change. */
    emailChangeId: uuid('email_change_id'),
    /** The device session that proved to have asked for it, if one did. */
    knownDeviceSessionId: uuid('known_device_session_id'),
    /** HMAC-SHA-256 over challenge id and code. */
    codeHash: bytea('code_hash').notNull(),
    /** Wrong codes so far. */
    failedAttempts: integer('failed_attempts').notNull().default(0),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    usedAt: time('used_at'),
  },
  (table) => [
    index('auth_challenges_by_email').on(table.email, table.createdAt),
    index('auth_challenges_by_network').on(table.clientNetwork, table.createdAt),
    index('auth_challenges_by_age').on(table.createdAt),
    index('auth_challenges_by_user').on(table.userId).where(sql`user_id is not null`),
  ],
);

/** Wrong codes of the last day, which the budgets of addresses and networks count. */
export const wrongCodes = backend.table(
  'wrong_codes',
  {
    wrongCodeId: uuid('wrong_code_id').primaryKey(),
    /** Of the challenge; normalised. */
    email: text('email').notNull(),
    /** The network that sent the code, if it is known: an IPv4 address or the /64 of an IPv6 address. */
    clientNetwork: text('client_network'),
    /** Whether a mail about wrong codes was written with this one. */
    ownerNotified: boolean('owner_notified').notNull().default(false),
    createdAt: time('created_at').notNull(),
  },
  (table) => [
    index('wrong_codes_by_email').on(table.email, table.createdAt),
    index('wrong_codes_by_network').on(table.clientNetwork, table.createdAt),
    index('wrong_codes_by_age').on(table.createdAt),
  ],
);

/** What a user may do where it differs from the configured defaults; null stands for the default. */
export const entitlements = backend.table('entitlements', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.userId),
  canCreatePublicGame: boolean('can_create_public_game'),
  canCreatePrivateGame: boolean('can_create_private_game'),
  canJoinGame: boolean('can_join_game'),
  maxOwnedGames: integer('max_owned_games'),
  maxActiveMemberships: integer('max_active_memberships'),
  maxRegisteredRaceNames: integer('max_registered_race_names'),
});

/** Those that are not used yet; a row goes with its use. */
export const recoveryCodes = backend.table(
  'recovery_codes',
  {
    /** HMAC-SHA-256 of the code. */
    codeHash: bytea('code_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.userId),
    createdAt: time('created_at').notNull(),
  },
  (table) => [index('recovery_codes_by_user').on(table.userId)],
);

/** The kinds of mails that users do not want. */
export const mailOptOuts = backend.table(
  'mail_opt_outs',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.userId),
    /** A type of notification. */
    kind: text('kind').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (table) => [primaryKey({ name: 'mail_opt_outs_pkey', columns: [table.userId, table.kind] })],
);

/** The people who run the platform. */
export const operators = backend.table('operators', {
  operatorId: uuid('operator_id').primaryKey(),
  name: text('name').notNull(),
  /** Normalised. */
  email: text('email').notNull().unique('operators_email_unique'),
  roles: text('roles').array().$type<Role[]>().notNull(),
  /** null for one whom the command line added. */
  createdBy: uuid('created_by'),
  createdAt: time('created_at').notNull(),
  disabledAt: time('disabled_at'),
});

export const operatorPasskeys = backend.table(
  'operator_passkeys',
  {
    /** As the authenticator gave it, base64url. */
    credentialId: text('credential_id').primaryKey(),
    operatorId: uuid('operator_id')
      .notNull()
      .references(() => operators.operatorId),
    /** COSE. */
    publicKey: bytea('public_key').notNull(),
    /** Of signatures, where the authenticator counts them: a lower one than before tells a copy. */
    counter: bigint('counter', { mode: 'number' }).notNull(),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
  },
  (passkey) => [index('operator_passkeys_by_operator').on(passkey.operatorId)],
);

export const linkPurposes = ['enrol', 'sign_in'] as const;

/** Links that work once: to enrol a passkey, or on a machine of one's own to sign in without one. */
export const operatorLinks = backend.table(
  'operator_links',
  {
    /** SHA-256 of the token in the link. */
    tokenHash: bytea('token_hash').primaryKey(),
    operatorId: uuid('operator_id')
      .notNull()
      .references(() => operators.operatorId),
    purpose: text('purpose', { enum: linkPurposes }).notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  (link) => [index('operator_links_by_operator').on(link.operatorId)],
);

/** WebAuthn ceremonies that have begun; a row goes with its end. */
export const operatorChallenges = backend.table(
  'operator_challenges',
  {
    challengeId: uuid('challenge_id').primaryKey(),
    /** What the authenticator signs, base64url. */
    challenge: text('challenge').notNull(),
    /** URL of the console that asked for it. */
    consoleUrl: text('console_url').notNull(),
    /** Of the link with which a passkey is enrolled; null for a sign-in. */
    linkTokenHash: bytea('link_token_hash'),
    expiresAt: time('expires_at').notNull(),
  },
  (challenge) => [index('operator_challenges_by_age').on(challenge.expiresAt)],
);

/** Sign-ins at the OpenID Connect issuer that have begun; a row goes with its end. */
export const operatorOidcChallenges = backend.table(
  'operator_oidc_challenges',
  {
    challengeId: uuid('challenge_id').primaryKey(),
    /** URL of the console that asked for it. */
    consoleUrl: text('console_url').notNull(),
    state: text('state').notNull(),
    nonce: text('nonce').notNull(),
    codeVerifier: text('code_verifier').notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  (challenge) => [index('operator_oidc_challenges_by_age').on(challenge.expiresAt)],
);

/** Accounts at an issuer, each bound to the operator who first signed in with it. */
export const operatorIdentities = backend.table(
  'operator_identities',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    operatorId: uuid('operator_id')
      .notNull()
      .references(() => operators.operatorId),
    boundAt: time('bound_at').notNull(),
  },
  (identity) => [
    primaryKey({ name: 'operator_identities_pkey', columns: [identity.issuer, identity.subject] }),
    uniqueIndex('operator_identities_by_operator').on(identity.operatorId, identity.issuer),
  ],
);

export const operatorSessions = backend.table(
  'operator_sessions',
  {
    sessionId: uuid('session_id').primaryKey(),
    operatorId: uuid('operator_id')
      .notNull()
      .references(() => operators.operatorId),
    /** SHA-256 of the cookie's value. */
    tokenHash: bytea('token_hash').notNull().unique('operator_sessions_token_unique'),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    /** To the minute. */
    lastUsedAt: time('last_used_at').notNull(),
    revokedAt: time('revoked_at'),
  },
  (session) => [index('operator_sessions_by_operator').on(session.operatorId)],
);

/** Session invalidations and lifecycle events; the ordering key is the user's id. */
export const outbox = outboxTable(backend);

/** Codes for addresses with an account, codes for other addresses, and mails that say what has happened. */
const mailQueues = ['unsorted', 'account_codes', 'other_codes', 'notices'] as const;

/** Mails that are still to be sent; the row goes with the mail. All times but `expires_at` are PostgreSQL's own. */
export const mails = backend.table(
  'mails',
  {
    /** For a sign-in code the id of its challenge. */
    mailId: uuid('mail_id').primaryKey(),
    recipient: text('recipient').notNull(),
    /** BCP 47 tag of the language that the recipient reads; `und` for that of their account. */
    locale: text('locale').notNull(),
    /** Encrypted: it may contain a code. */
    content: bytea('content').notNull(),
    /** A code is `unsorted` until the sender has looked whether its recipient has an account. */
    queue: text('queue', { enum: mailQueues }).notNull().default('unsorted'),
    /** The lowest of a queue is sent first: for a code how many others of its network waited when it was written. */
    rank: integer('rank').notNull().default(0),
    /** Of the request for the code; empty when it is not known, null for a notice. */
    clientNetwork: text('client_network'),
    /** Not sent from then on. */
    expiresAt: time('expires_at').notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
    /** Attempts to send it that failed. */
    failures: integer('failures').notNull().default(0),
    /** While a process sends it: when another may take it over. */
    nextAttemptAt: time('next_attempt_at').notNull().defaultNow(),
    /** How many notices it stands for. */
    notices: integer('notices').notNull().default(1),
  },
  (mail) => [
    index('mails_by_turn').on(mail.queue, mail.rank, mail.expiresAt, mail.mailId),
    index('mails_by_deadline').on(mail.expiresAt, mail.mailId),
    index('mails_by_network').on(mail.clientNetwork).where(sql`client_network is not null`),
    index('mails_by_recipient').on(mail.recipient),
  ],
);

export const mailOutcomes = ['sent', 'expired', 'refused', 'unreadable'] as const;

/** What became of mails to users, for operators: never what was in them, nor the address. Kept for a while. */
export const mailHistory = backend.table(
  'mail_history',
  {
    /** The account that had the address when the mail ended. Not a reference: that would lock the account with each mail. */
    userId: uuid('user_id').notNull(),
    writtenAt: time('written_at').notNull(),
    mailId: uuid('mail_id').notNull(),
    /** Such as `new_session`, or the type of a notification; of one that was never opened `code` or `notice`. */
    kind: text('kind').notNull(),
    outcome: text('outcome', { enum: mailOutcomes }).notNull(),
    failures: integer('failures').notNull(),
    endedAt: time('ended_at').notNull(),
  },
  (mail) => [
    primaryKey({ name: 'mail_history_pkey', columns: [mail.userId, mail.writtenAt, mail.mailId] }),
    index('mail_history_by_age').on(mail.endedAt),
  ],
);

/**
 * Notices of one kind to one user about one game are mailed once in a window, and counted for the rest of it. All times
 * but `expires_at` are PostgreSQL's own.
 */
export const mailWindows = backend.table(
  'mail_windows',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.userId),
    /** A type of notification. */
    kind: text('kind').notNull(),
    gameId: text('game_id').notNull(),
    endsAt: time('ends_at').notNull(),
    /** The window lasts longer while this mail waits. */
    lastMailId: uuid('last_mail_id').notNull(),
    /** Notices since that mail. */
    counted: integer('counted').notNull().default(0),
    /** Of the mail that stands for them; that of the last mail when there are none. */
    mailId: uuid('mail_id').notNull(),
    /** Encrypted, for that mail: the latest notice. */
    content: bytea('content').notNull(),
    /** When the latest notice is no longer mailed. */
    expiresAt: time('expires_at').notNull(),
  },
  (window) => [
    primaryKey({ name: 'mail_windows_pkey', columns: [window.userId, window.kind, window.gameId] }),
    index('mail_windows_by_end').on(window.endsAt),
  ],
);

/**
 * One row, which every process locks while it claims mails: when the budgets of codes will be full again, in PostgreSQL's
 * time since 1970.
 */
export const mailBudgets = backend.table(
  'mail_budgets',
  {
    onlyRow: boolean('only_row').primaryKey().default(true),
    codesFullAtMs: doublePrecision('codes_full_at_ms').notNull().default(0),
    otherCodesFullAtMs: doublePrecision('other_codes_full_at_ms').notNull().default(0),
  },
  ({ onlyRow }) => [check('mail_budgets_only_row', sql`${onlyRow}`)],
);

export const { consumers, processedEntries, deadLetters } = streamTables(backend);

/** What operators did. */
export const auditEntries = auditTable(backend);
