// Appends events for several users to the push log while a test disturbs the platform, and records what each user has
// to receive.
import { setTimeout as delay } from 'node:timers/promises';
import type { AppendedEvent } from '../../../lib/backend/push/log/append-client-event.ts';
import type { Cluster } from './cluster.ts';

export class Traffic {
  readonly #appended = new Map<string, AppendedEvent[]>();
  readonly #running: Promise<void>;
  #stopped = false;

  /** @param pauseMs between two events. */
  constructor(cluster: Cluster, userIds: readonly string[], pauseMs = 4) {
    for (const userId of userIds) this.#appended.set(userId, []);
    this.#running = this.#run(cluster, userIds, pauseMs);
    this.#running.catch(() => undefined);
  }

  /** The events appended for a user so far, in order. */
  of(userId: string): readonly AppendedEvent[] {
    return this.#appended.get(userId) ?? [];
  }

  get count(): number {
    return [...this.#appended.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** @throws the error of a failed append. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(cluster: Cluster, userIds: readonly string[], pauseMs: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const userId = userIds[turn % userIds.length] ?? '';
      const event = await cluster.append(userId);
      this.#appended.get(userId)?.push(event);
      await delay(pauseMs);
    }
  }
}
