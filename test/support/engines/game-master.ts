// The real Game Master on a database of the run's Redis, inside the test's process, between a lobby and engines.

import { vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { type GmEvent, gmEventEntry } from '../../../lib/protocol/gm-events.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { runGameMaster } from '../../../workers/game-master.ts';
import { openDatabase } from '../stores/redis-databases.ts';
import type { FakeGame } from './fake-lobby.ts';

/** Time between two turns. */
export const turnMs = 40;
/** Generous, for a busy machine. */
export const waiting = { timeout: 18_000, interval: 10 };

export type TestGameMaster = {
  readonly url: string;
  /** @returns status and body of the response. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<[number, unknown]>;
  get(path: string, headers?: Record<string, string>): Promise<[number, unknown]>;
  /** Ends it as SIGTERM does; resolves when it has drained. */
  stop(): Promise<void>;
};

/** A logical database of a Redis. */
export type RedisDatabase = { addr: string; port: number; password: string; db: number };

export function gameMasterVariables(redis: RedisDatabase, lobbyUrl: string): Record<string, string> {
  return {
    GM_LOBBY_BASE_URL: lobbyUrl,
    GM_REDIS_ADDR: redis.addr,
    GM_REDIS_PASSWORD: redis.password,
    GM_REDIS_DB: String(redis.db),
    GM_TURN_INTERVAL: `${turnMs}ms`,
    GM_RECOVERY_INTERVAL: '100ms',
    GM_LOG_LEVEL: 'silent',
  };
}

/** @param variables an empty one counts as not set. */
export async function startTestGameMaster(variables: Record<string, string>): Promise<TestGameMaster> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const terminate = new AbortController();
  const running = runGameMaster({ GM_HTTP_ADDR: `127.0.0.1:${port}`, ...variables }, terminate.signal);
  const ready = vi.waitFor(async () => {
    const response = await fetch(`${url}/readyz`);
    if (!response.ok) throw new Error('not ready');
  }, waiting);
  await Promise.race([ready, running]);
  return {
    url,
    async post(path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return [response.status, await response.json()];
    },
    async get(path, headers = {}) {
      const response = await fetch(`${url}${path}`, { headers });
      return [response.status, await response.json()];
    },
    stop: () => {
      terminate.abort();
      return running;
    },
  };
}

export const registrationPath = (gameId: string) => `/api/v1/internal/games/${gameId}/register-runtime`;

/** What the lobby sends when it hands a game over. */
export function registrationOf(game: FakeGame) {
  const { runtime_job_id, container_id, engine_endpoint, turn_schedule, time_zone, players } = game;
  return { runtime_job_id, container_id, engine_endpoint, turn_schedule, time_zone, players };
}

export type PublishedEvent = GmEvent & { traceparent: string };

/** Reads the events that the Game Master has published to the lobby. */
export class PublishedEvents {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async of(redis: RedisDatabase): Promise<PublishedEvents> {
    return new PublishedEvents(await openDatabase(redis, redis.db));
  }

  /** All events of one game, in order, repeats included. */
  async all(gameId: string): Promise<PublishedEvent[]> {
    const entries = await this.#redis.xrange('gm:lobby_events', '-', '+');
    return entries.map(([, fields]) => readEvent(fields)).filter((event) => event.game_id === gameId);
  }

  /** The same without repeats. */
  async once(gameId: string): Promise<PublishedEvent[]> {
    const byId = new Map<string, PublishedEvent>();
    for (const event of await this.all(gameId)) {
      if (!byId.has(event.event_id)) byId.set(event.event_id, event);
    }
    return [...byId.values()];
  }

  /** The same as texts such as `3 ok`, `3 unreachable`, `10 finished`, in order of first publication. */
  async story(gameId: string): Promise<string[]> {
    return (await this.once(gameId)).map((event) =>
      event.event_type === 'game_finished'
        ? `${event.turn} finished`
        : `${event.turn} ${event.engine_health}`,
    );
  }

  close(): void {
    this.#redis.disconnect();
  }
}

export function readEvent(fields: string[]): PublishedEvent {
  const named: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2) named[fields[index] ?? ''] = fields[index + 1] ?? '';
  const { traceparent = 'absent', ...rest } = named;
  return { ...gmEventEntry.decode(rest as never), traceparent };
}
