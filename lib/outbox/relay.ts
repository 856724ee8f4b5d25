// The loops of an outbox relay: publish messages that their writer did not publish (it died, or Redis was
// unavailable), publish all stored messages again after Redis lost its data, and delete messages that were published
// long ago. Any number of replicas may run; lib/outbox/outbox.ts says what makes that safe.
import { runTicks } from '../node/tick-loop.ts';
import type { Logger } from '../telemetry/logger.ts';
import { recordOldestWaiting } from './instruments.ts';
import type { Outbox } from './outbox.ts';
import type { RedisEpoch } from './redis-epoch.ts';
import { type Database, deletePublished } from './store.ts';
import type { OutboxTable } from './table.ts';

/** How long published messages can be published again. Consumers remember applied events for longer. */
export const retentionMs = 7 * 24 * 3_600_000;
export const lossCheckIntervalMs = 5_000;
const deletionIntervalMs = 60_000;
const deletedAtOnce = 1_000;

export type Relay = {
  readonly outbox: Outbox;
  readonly db: Database;
  readonly table: OutboxTable;
  readonly redisEpoch: RedisEpoch;
  readonly intervalMs: number;
  readonly lossCheckIntervalMs: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function runRelay(relay: Relay, stop: AbortSignal): Promise<void> {
  const { log } = relay;
  await Promise.all([
    runTicks(
      {
        name: 'outbox relay',
        intervalMs: relay.intervalMs,
        tick: (stopped) => publishWaiting(relay, stopped),
        log,
      },
      stop,
    ),
    runTicks(
      {
        name: 'outbox loss check',
        intervalMs: relay.lossCheckIntervalMs,
        tick: () => publishAgainAfterLoss(relay),
        log,
      },
      stop,
    ),
    runTicks(
      {
        name: 'outbox deletion',
        intervalMs: deletionIntervalMs,
        tick: (stopped) => deleteOld(relay, stopped),
        log,
      },
      stop,
    ),
  ]);
}

/** Looks first whether any message waits: usually none does, and to claim costs more. */
async function publishWaiting({ outbox }: Relay, stop: AbortSignal): Promise<void> {
  let waitedMs = await outbox.oldestWaitingMs();
  if (waitedMs !== undefined) {
    await outbox.publishDue(stop);
    waitedMs = await outbox.oldestWaitingMs();
  }
  recordOldestWaiting(waitedMs ?? 0);
}

/** Begins the new epoch only after its messages wait: after a crash in between the round continues. */
async function publishAgainAfterLoss({ redisEpoch, outbox, log }: Relay): Promise<void> {
  if (!(await redisEpoch.hasChanged())) return;
  const round = await redisEpoch.interruptedRound();
  const messages = await outbox.publishAgain(round, (progress) => redisEpoch.saveRound(progress));
  await redisEpoch.begin();
  if (messages > 0) log.warn({ messages }, 'redis lost its data; stored messages are published again');
}

async function deleteOld({ db, table, log }: Relay, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const deleted = await deletePublished(db, table, { afterMs: retentionMs, limit: deletedAtOnce });
    if (deleted > 0) log.debug({ deleted }, 'published messages deleted');
    if (deleted < deletedAtOnce) return;
  }
}
