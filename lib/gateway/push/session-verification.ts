// Looks the sessions of open streams up again while the gateway may miss their revocations: after a gap in the push
// log, and repeatedly while the log is stale (lib/gateway/domain/unverified-session.ts decides when).
//
// Guarantees: a stream whose session was revoked ends within `staleAfterMs` + `unverifiedAfterMs` (75 s by default),
// whatever happens to the push log, the push service or the backend: either its session is looked up in that time, or
// the stream ends with UNVERIFIED. Streams of active sessions are not affected. Look-ups are spread over time and
// bounded in number; all streams of one session share one. Composed by workers/gateway.ts.
import { sleep } from '../../node/sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ActiveSession } from '../commands/sessions.ts';
import { reconnectAfterMs } from '../domain/reconnect-spread.ts';
import { RejectedError, type Rejection } from '../domain/rejection.ts';
import {
  type Coverage,
  type Gap,
  gapAt,
  needsLookUp,
  unverifiedSince,
} from '../domain/unverified-session.ts';
import type { EventStream } from './event-stream.ts';

const maxLookUpsAtOnce = 16;
/** Failures are logged together, as thousands of streams may fail for one reason. */
const logFailuresEveryMs = 5_000;

/** @param streams how many streams are unverified, with this one. */
function unverified(streams: number): Rejection {
  return {
    reason: 'UNVERIFIED',
    message: 'The gateway could not verify that this session is still active; open the stream again.',
    retryAfterMs: reconnectAfterMs(streams),
  };
}

type VerifiedStream = Pick<EventStream, 'deviceSessionId' | 'userId' | 'verifiedAt' | 'end'>;

export type SessionVerificationOptions = {
  hub: { streams(): Iterable<VerifiedStream> };
  push: { readonly coveredUntil: number };
  /** @throws RejectedError SESSION_REVOKED, SESSION_UNKNOWN; any other error means that the look-up failed. */
  lookUp: (deviceSessionId: string, signal: AbortSignal) => Promise<Pick<ActiveSession, 'userId'>>;
  /** The push log is stale when `push.coveredUntil` lies further back than this. */
  staleAfterMs: number;
  /** How long a stream stays open while its session is unverified. */
  unverifiedAfterMs: number;
  log: Logger;
};

/** The look-ups of one unverified session. */
type LookUp = { dueAt: number; running: boolean };
type DueLookUp = { id: string; streams: readonly VerifiedStream[]; lookUp: LookUp };

export class SessionVerification {
  readonly #options: SessionVerificationOptions;
  readonly #lookUps = new Map<string, LookUp>();
  #gaps: Gap[] = [];
  /** Due and not started; the one that has been due the longest is last. */
  #due: DueLookUp[] = [];
  #runningLookUps = 0;
  #stale = false;
  #failures = 0;
  #failuresLoggedAt = 0;

  constructor(options: SessionVerificationOptions) {
    this.#options = options;
  }

  /** To be called when revocations may be missing before the next frame. */
  gap(): void {
    this.#gaps.push(gapAt(performance.now(), this.#coverage()));
  }

  /** Runs until `stop` aborts. Never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const { staleAfterMs, unverifiedAfterMs } = this.#options;
    const tickMs = Math.min(500, staleAfterMs / 10, unverifiedAfterMs / 10);
    while (!stop.aborted) {
      this.#tick(stop);
      await sleep(tickMs, stop);
    }
  }

  #tick(stop: AbortSignal): void {
    const now = performance.now();
    const { unverifiedAfterMs } = this.#options;
    // By then every stream that is older than the gap was verified or ended, even one that was being opened.
    this.#gaps = this.#gaps.filter(({ at }) => now - at < 2 * unverifiedAfterMs);
    const coverage = this.#coverage();
    this.#logStaleness(now > coverage.coveredUntil + coverage.staleAfterMs, now - coverage.coveredUntil);
    if (!this.#stale && coverage.gaps.length === 0) {
      this.#lookUps.clear();
      this.#due = [];
      return;
    }
    const tooLong: VerifiedStream[] = [];
    let unverifiedCount = 0;
    const unverifiedStreams = new Map<string, VerifiedStream[]>();
    for (const stream of this.#options.hub.streams()) {
      const since = unverifiedSince(stream.verifiedAt, now, coverage);
      if (since === undefined) continue;
      unverifiedCount += 1;
      if (now - since >= unverifiedAfterMs) tooLong.push(stream);
      else if (needsLookUp(stream.verifiedAt, now, coverage, unverifiedAfterMs / 3)) {
        const sameSession = unverifiedStreams.get(stream.deviceSessionId);
        if (sameSession === undefined) unverifiedStreams.set(stream.deviceSessionId, [stream]);
        else sameSession.push(stream);
      }
    }
    this.#endUnverified(tooLong, unverifiedCount);
    for (const id of this.#lookUps.keys()) if (!unverifiedStreams.has(id)) this.#lookUps.delete(id);
    this.#due = [];
    for (const [id, streams] of unverifiedStreams) {
      const lookUp = this.#lookUps.get(id) ?? { dueAt: now + this.#spread(), running: false };
      this.#lookUps.set(id, lookUp);
      if (!lookUp.running && lookUp.dueAt <= now) this.#due.push({ id, streams, lookUp });
    }
    this.#due.sort((one, other) => other.lookUp.dueAt - one.lookUp.dueAt);
    this.#startDueLookUps(stop);
  }

  #endUnverified(streams: readonly VerifiedStream[], unverifiedCount: number): void {
    if (streams.length === 0) return;
    // Those that are left may follow before these have come back.
    for (const stream of streams) stream.end(unverified(unverifiedCount));
    const facts = { streams: streams.length };
    this.#options.log.warn(facts, 'streams ended whose sessions could not be verified');
  }

  /** Starts as many look-ups as may run at once, the one that has been due the longest first. */
  #startDueLookUps(stop: AbortSignal): void {
    while (this.#runningLookUps < maxLookUpsAtOnce && !stop.aborted) {
      const next = this.#due.pop();
      if (next === undefined) return;
      void this.#lookUp(next, stop);
    }
  }

  async #lookUp({ id, streams, lookUp }: DueLookUp, stop: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    this.#runningLookUps += 1;
    lookUp.running = true;
    try {
      const { userId } = await this.#options.lookUp(id, stop);
      for (const stream of streams) {
        if (stream.userId !== userId) throw new Error('the session and its stream belong to different users');
        stream.verifiedAt = startedAt;
      }
    } catch (error) {
      const rejection = error instanceof RejectedError ? error.rejection : undefined;
      if (rejection?.reason === 'SESSION_REVOKED' || rejection?.reason === 'SESSION_UNKNOWN') {
        for (const stream of streams) stream.end(rejection);
      } else if (!stop.aborted) {
        this.#logFailure(error);
      }
    } finally {
      this.#runningLookUps -= 1;
      lookUp.running = false;
      lookUp.dueAt = performance.now() + this.#spread();
      this.#startDueLookUps(stop);
    }
  }

  /** Short enough for two attempts before streams are ended. */
  #spread(): number {
    return (Math.random() * this.#options.unverifiedAfterMs) / 4;
  }

  #coverage(): Coverage {
    const { push, staleAfterMs } = this.#options;
    return { coveredUntil: push.coveredUntil, staleAfterMs, gaps: this.#gaps };
  }

  #logFailure(error: unknown): void {
    this.#failures += 1;
    const now = performance.now();
    if (this.#failuresLoggedAt > 0 && now - this.#failuresLoggedAt < logFailuresEveryMs) return;
    this.#options.log.warn(
      { error, failures: this.#failures },
      'sessions of open streams could not be verified',
    );
    this.#failures = 0;
    this.#failuresLoggedAt = now;
  }

  #logStaleness(stale: boolean, behindMs: number): void {
    if (stale === this.#stale) return;
    this.#stale = stale;
    const facts = { behind_ms: Math.round(behindMs) };
    if (stale)
      this.#options.log.warn(facts, 'the push log is stale; looking up the sessions of open streams');
    else this.#options.log.info(facts, 'the push log is fresh again');
  }
}
