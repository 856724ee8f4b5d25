// Asks the Runtime Manager about engines, for operators: by a stream, as jobs go, since it has no listener.
import { Refusal } from '../../errors/table.ts';
import {
  type EngineReply,
  type EngineRequest,
  engineReplySchema,
  engineRequestEntry,
  replyKeyOf,
} from '../../protocol/engine-requests.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import type { RedisCommands } from '../../redis/commands.ts';

export type EngineQuestion = Omit<EngineRequest, 'request_id' | 'expires_at_ms'>;

export type EngineHost = {
  /** @throws Refusal `service_unavailable` when no Runtime Manager responds in time. */
  ask(question: EngineQuestion, traceparent: string | undefined): Promise<EngineReply>;
};

const waitMs = 5_000;
const pollMs = 50;
/** Requests that no Runtime Manager reads must not pile up. */
const keptRequests = 1_000;

export function createEngineHost(redis: RedisCommands, stream: string): EngineHost {
  return {
    async ask(question, traceparent = '') {
      const requestId = crypto.randomUUID();
      const request = { ...question, request_id: requestId, expires_at_ms: Date.now() + waitMs };
      const fields = fieldsOf(engineRequestEntry, request);
      await redis.call(
        'XADD',
        stream,
        'MAXLEN',
        '~',
        keptRequests,
        '*',
        ...fields,
        'traceparent',
        traceparent,
      );
      const deadline = performance.now() + waitMs;
      while (performance.now() < deadline) {
        const reply = await redis.call('GET', replyKeyOf(stream, requestId));
        if (typeof reply === 'string') return engineReplySchema.parse(JSON.parse(reply));
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
      throw new Refusal(
        'service_unavailable',
        'The Runtime Manager does not respond. See whether it runs, and try again.',
      );
    },
  };
}
