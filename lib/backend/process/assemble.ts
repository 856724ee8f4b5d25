import { v7 as uuidv7 } from 'uuid';
import type { SignAssertion } from '../../operators/assertion.ts';
import { Outbox } from '../../outbox/outbox.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import { requeueAtOnce, type StreamAdmin, statesOf } from '../../streams/admin.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { createAddressHash } from '../address-hash.ts';
import type { BackendConfig } from '../config.ts';
import type { BackendContext, OutgoingMails } from '../context.ts';
import { notificationStream } from '../notifications/stream.ts';
import { createOidcIssuer } from '../oidc-issuer.ts';
import { createOptOutTokens } from '../opt-out-tokens.ts';
import { backendPublishers } from '../outbox/publishers.ts';
import { createRecoveryCodes } from '../recovery-codes.ts';
import { createSignInCodes } from '../sign-in-codes.ts';
import type { Database } from '../store/database.ts';
import { auditEntries, outbox as outboxTable } from '../store/schema.ts';
import { backendStreamTables } from '../store/stream-tables.ts';

/** Builds the dependencies of the backend's handlers from its configuration, with the real clock and ids. */
export async function assembleBackend(
  config: Pick<
    BackendConfig,
    'signIn' | 'operatorOidc' | 'entitlementDefaults' | 'userLifecycleStream' | 'notifications'
  >,
  parts: {
    db: Database;
    redis: RedisCommands;
    /** The Redis that holds the push log. */
    push: RedisCommands;
    mails: OutgoingMails;
    lookupWaitMs: BackendContext['lookupWaitMs'];
    signAssertion: SignAssertion | undefined;
    log: Logger;
  },
): Promise<{ context: BackendContext; streams: StreamAdmin; outbox: Outbox }> {
  const { db, redis, log } = parts;
  const publishers = backendPublishers(parts, {
    userLifecycle: config.userLifecycleStream,
    notificationIntents: config.notifications.stream,
  });
  const outbox = new Outbox({ db, table: outboxTable, publishers, log });
  const consumers = [notificationStream(config.notifications.stream)];
  const context: BackendContext = {
    db,
    outbox,
    codes: await createSignInCodes(config.signIn.codeHmacKey),
    recoveryCodes: await createRecoveryCodes(config.signIn.codeHmacKey),
    hashAddress: await createAddressHash(config.signIn.codeHmacKey),
    mails: parts.mails,
    optOutTokens: await createOptOutTokens(config.signIn.codeHmacKey),
    mailLimits: config.signIn,
    wrongCodeLimits: config.signIn,
    lookupWaitMs: parts.lookupWaitMs,
    entitlementDefaults: config.entitlementDefaults,
    signAssertion: parts.signAssertion,
    oidcIssuer: oidcIssuerOf(config.operatorOidc),
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  };
  const streams: StreamAdmin = {
    db,
    tables: backendStreamTables,
    consumers,
    states: statesOf(consumers, { read: (work) => work(redis) }),
    requeue: requeueAtOnce(redis),
    audit: auditEntries,
    outbox: outboxTable,
  };
  return { context, streams, outbox };
}

function oidcIssuerOf({ issuer, clientId, clientSecret }: BackendConfig['operatorOidc']) {
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  return createOidcIssuer({ issuer, clientId, clientSecret });
}
