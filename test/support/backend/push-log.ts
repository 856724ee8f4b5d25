// The push log on a Redis database of a test file's own, with the verbs that its tests need.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  decodeCursor,
  decodeEventId,
  encodeEventId,
  type LogPosition,
} from '../../../lib/backend/domain/log-position.ts';
import {
  type AppendedEvent,
  appendClientEvent,
  type NewClientEvent,
} from '../../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import type { LogEntry } from '../../../lib/backend/push/log/entry.ts';
import type { PushLog } from '../../../lib/backend/push/log/log.ts';
import { readGlobal, readState } from '../../../lib/backend/push/log/read-global.ts';
import { trimOlderThan } from '../../../lib/backend/push/log/trim.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { createTestRedis, type TestRedis } from '../stores/redis.ts';

/** Make it once at the top of a test file; every test begins with an empty Redis. */
export class TestPushLog {
  #server: TestRedis | undefined;
  #redis: Redis | undefined;

  constructor() {
    beforeAll(async () => {
      this.#server = await createTestRedis();
      const { host, port, password, db } = this.#server;
      const addr = { host, port };
      this.#redis = await openRedis({ addr, password, db, operationTimeoutMs: 5_000 }, () => {});
    });
    beforeEach(async () => {
      await this.redis.flushdb();
    });
    afterAll(async () => {
      this.#redis?.disconnect();
      await this.#server?.drop();
    });
  }

  get server(): TestRedis {
    return there(this.#server);
  }

  get redis(): Redis {
    return there(this.#redis);
  }

  get log(): PushLog {
    return pushLog(this.redis);
  }

  append(userId: string, more: Partial<NewClientEvent> = {}): Promise<AppendedEvent> {
    return appendClientEvent(this.log, newEvent(userId, more));
  }

  /** Appends one event after the other, each in a millisecond of its own. */
  async appendApart(userIds: readonly string[]): Promise<AppendedEvent[]> {
    const events: AppendedEvent[] = [];
    for (const userId of userIds) {
      const event = await this.append(userId);
      await this.#untilPast(positionOfEvent(event));
      events.push(event);
    }
    return events;
  }

  /** Trims everything up to an event, and, if the machine is slow, some more. */
  async trimThrough(event: AppendedEvent): Promise<void> {
    await trimOlderThan(this.log, (await this.nowMs()) - positionOfEvent(event).id.ms - 1);
  }

  /** Trims everything that is there. */
  async trimAll(): Promise<number> {
    await this.#untilPast(await this.head());
    return trimOlderThan(this.log, 0);
  }

  /** The position from which everything that is appended from now on is read. */
  async head(): Promise<LogPosition> {
    const { epoch, head } = await readState(this.log);
    return { epoch, id: head };
  }

  async readAll(after: LogPosition, pageSize: number): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    for (let from = after; ; ) {
      const page = await readGlobal(this.log, from, pageSize);
      if (page.fault !== undefined) throw new Error(`the log cannot be read on: ${page.fault}`);
      const last = page.entries.at(-1);
      if (last === undefined) return entries;
      entries.push(...page.entries);
      from = last.position;
    }
  }

  /** By the clock of Redis, which is the log's. */
  async nowMs(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  async #untilPast({ id }: LogPosition): Promise<void> {
    while ((await this.nowMs()) <= id.ms) await delay(1);
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the push log is there in tests and hooks only');
  return value;
}

/** Of a usual event. */
export const usualPayload = JSON.stringify({
  game_id: randomUUID(),
  game_name: 'Andromeda',
  application_id: randomUUID(),
  user_id: randomUUID(),
  race_name: 'Orions',
  membership_id: randomUUID(),
});

export function newEvent(recipientUserId: string, more: Partial<NewClientEvent> = {}): NewClientEvent {
  return {
    recipientUserId,
    idempotencyKey: randomUUID(),
    eventType: 'lobby.application.approved',
    timestampMs: 1_764_000_000_000,
    payload: Buffer.from(usualPayload),
    ...more,
  };
}

export function positionOfEvent({ eventId }: { eventId: string }): LogPosition {
  const position = decodeEventId(eventId);
  if (position === undefined) throw new Error(`${eventId} is not an event id`);
  return position;
}

export function positionOfCursor(cursor: string): LogPosition {
  const position = decodeCursor(cursor);
  if (position === undefined) throw new Error(`${cursor} is not a cursor`);
  return position;
}

export const idsOf = (entries: readonly LogEntry[]) => entries.map((entry) => encodeEventId(entry.position));
