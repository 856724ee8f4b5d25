// Responds to what operators ask about engines. Requests come by a stream, and each gets its reply in a key of its own,
// which soon expires. A request that comes again after a crash is handled again, unless it has expired by then: reads do
// no harm, and an engine that is started twice again has its data.
import {
  type EngineReply,
  type EngineRequest,
  engineRequestEntry,
  maxLogTailBytes,
  replyKeptMs,
  replyKeyOf,
} from '../../protocol/engine-requests.ts';
import type { Redis } from '../../redis/client.ts';
import type { StreamEntry } from '../../streams/entry.ts';
import { entriesHandled, exportZero } from '../../streams/instruments.ts';
import { consumeStream } from '../../streams/stream-loop.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { inSpanFrom } from '../../telemetry/spans.ts';
import type { RuntimeManager } from './manager.ts';

export const engineRequestsOffsetKey = 'runtime_manager:stream_offsets:engine_requests';

const name = 'runtime_manager.engine_requests';

type Parts = {
  readonly manager: RuntimeManager;
  readonly stream: string;
  readonly redis: Redis;
  /** For its blocking reads. */
  readonly reader: Redis;
  readonly blockMs: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function consumeEngineRequests(parts: Parts, stop: AbortSignal): Promise<void> {
  const { stream, redis, reader, blockMs } = parts;
  const log = parts.log.child({ worker: name });
  log.info({ stream }, 'worker started');
  exportZero(name, entriesHandled);
  await consumeStream(
    {
      stream,
      offsetKey: engineRequestsOffsetKey,
      redis,
      reader,
      blockMs,
      prepare: (entry) => ({
        key: entry.fields.request_id ?? '',
        handle: () => handleInSpan({ ...parts, log }, entry, stop),
      }),
      // consumeStream has logged it.
      onFailure: async () => {},
      // Nobody waits any more for the reply to a request that was trimmed.
      onLoss: () => {},
      log,
    },
    stop,
  );
}

async function handleInSpan(parts: Parts, entry: StreamEntry, stop: AbortSignal): Promise<undefined> {
  await inSpanFrom(entry.traceparent, `consume ${name}`, { 'messaging.message.id': entry.id }, async () => {
    const request = engineRequestEntry.safeParse(entry.fields).data;
    if (request === undefined)
      parts.log.error({ entry_id: entry.id }, 'a request cannot be read and is skipped');
    else if (Date.now() < request.expires_at_ms) await respond(parts, request, stop);
    entriesHandled.add(1, name);
  });
  return undefined;
}

async function respond(parts: Parts, request: EngineRequest, stop: AbortSignal): Promise<void> {
  const reply = await replyTo(parts, request).catch((error: unknown): EngineReply => {
    parts.log.error(
      { error, request_id: request.request_id, kind: request.kind },
      'a request about engines failed',
    );
    return { kind: 'failed' };
  });
  const key = replyKeyOf(parts.stream, request.request_id);
  await parts.redis.set(key, JSON.stringify(reply), 'PX', replyKeptMs);
  if (reply.kind !== 'restarting' || request.start_job_id === undefined) return;
  parts.log.info({ job_id: request.start_job_id }, 'an operator has an engine started again');
  // Not waited for: an engine may take long to become healthy. It never rejects.
  void parts.manager.restart(request.start_job_id, stop);
}

async function replyTo({ manager }: Parts, request: EngineRequest): Promise<EngineReply> {
  const { kind, start_job_id: jobId = '', max_bytes: maxBytes = 0 } = request;
  switch (kind) {
    case 'list':
      return { kind: 'engines', engines: await manager.list() };
    case 'log_tail': {
      const tail = await manager.logTail(jobId, Math.min(Math.max(maxBytes, 0), maxLogTailBytes));
      return tail === undefined ? { kind: 'unknown' } : { kind: 'log', ...tail };
    }
    case 'restart':
      return { kind: manager.shouldRun(jobId) ? 'restarting' : 'unknown' };
  }
}
