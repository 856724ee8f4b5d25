// Looks the sessions of open streams up again while their revocations might not be heard of: after a gap in the push
// log, and again and again while the log is stale (session-doubt.ts says when).
//
// Guarantees: a stream whose session was revoked ends within `staleAfterMs` + `unverifiedAfterMs` (75 s by default),
// whatever happens to the push log, the push service or the backend: either its session is looked up in that time, or
// the stream ends with UNVERIFIED. Streams whose sessions are found active notice nothing. Look-ups are spread over
// time and bounded in number; all streams of one session share one. Composed by workers/gateway.ts.
import { sleep } from '../../node/sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ActiveSession } from '../commands/sessions.ts';
import type { Rejection } from '../domain/envelope-checks.ts';
import { RejectedError } from '../rejected-error.ts';
import type { EventStream } from './event-stream.ts';
import { type Coverage, doubtSince, type Gap, gapAt, worthLookingUp } from './session-doubt.ts';

const maxLookUpsAtOnce = 16;
/** Failures are told together, as thousands of streams may fail for one reason. */
const tellFailuresEveryMs = 5_000;

const unverified: Rejection = {
  reason: 'UNVERIFIED',
  message: 'The gateway could not make sure that this session is still active; open the stream again.',
};

type VerifiedStream = Pick<EventStream, 'deviceSessionId' | 'userId' | 'verifiedAt' | 'end'>;

export type SessionVerificationOptions = {
  hub: { streams(): Iterable<VerifiedStream> };
  push: { readonly coveredUntil: number };
  /** @throws RejectedError SESSION_REVOKED, SESSION_UNKNOWN; anything else means that it could not be found out. */
  lookUp: (deviceSessionId: string, signal: AbortSignal) => Promise<Pick<ActiveSession, 'userId'>>;
  /** How far back what is known of the push log may lie. */
  staleAfterMs: number;
  /** How long a stream stays open while its session is in doubt. */
  unverifiedAfterMs: number;
  log: Logger;
};

/** One session in doubt. */
type Doubt = { dueAt: number; lookingUp: boolean };
type Waiting = { id: string; streams: readonly VerifiedStream[]; doubt: Doubt };

export class SessionVerification {
  readonly #options: SessionVerificationOptions;
  readonly #doubts = new Map<string, Doubt>();
  #gaps: Gap[] = [];
  /** Due, and not looked up yet; the one that is due the longest last. */
  #waiting: Waiting[] = [];
  #lookUps = 0;
  #stale = false;
  #failures = 0;
  #failuresToldAt = 0;

  constructor(options: SessionVerificationOptions) {
    this.#options = options;
  }

  /** Revocations may be missing before the next frame. */
  gap(): void {
    this.#gaps.push(gapAt(performance.now(), this.#coverage()));
  }

  /** Until `stop` aborts. Never rejects. */
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
    // By then every stream that is older than the gap was looked up or ended, even one that was just being opened.
    this.#gaps = this.#gaps.filter(({ at }) => now - at < 2 * unverifiedAfterMs);
    const coverage = this.#coverage();
    this.#tellStaleness(now > coverage.coveredUntil + coverage.staleAfterMs, now - coverage.coveredUntil);
    if (!this.#stale && coverage.gaps.length === 0) {
      this.#doubts.clear();
      this.#waiting = [];
      return;
    }
    let ended = 0;
    const inDoubt = new Map<string, VerifiedStream[]>();
    for (const stream of this.#options.hub.streams()) {
      const since = doubtSince(stream.verifiedAt, now, coverage);
      if (since === undefined) continue;
      if (now - since >= unverifiedAfterMs) {
        stream.end(unverified);
        ended += 1;
      } else if (worthLookingUp(stream.verifiedAt, now, coverage, unverifiedAfterMs / 3)) {
        const sameSession = inDoubt.get(stream.deviceSessionId);
        if (sameSession === undefined) inDoubt.set(stream.deviceSessionId, [stream]);
        else sameSession.push(stream);
      }
    }
    if (ended > 0)
      this.#options.log.warn({ streams: ended }, 'streams ended whose sessions could not be verified');
    for (const id of this.#doubts.keys()) if (!inDoubt.has(id)) this.#doubts.delete(id);
    this.#waiting = [];
    for (const [id, streams] of inDoubt) {
      const doubt = this.#doubts.get(id) ?? { dueAt: now + this.#spread(), lookingUp: false };
      this.#doubts.set(id, doubt);
      if (!doubt.lookingUp && doubt.dueAt <= now) this.#waiting.push({ id, streams, doubt });
    }
    this.#waiting.sort((one, other) => other.doubt.dueAt - one.doubt.dueAt);
    this.#lookUpWaiting(stop);
  }

  /** As many as may be looked up at once, the one that is due the longest first. */
  #lookUpWaiting(stop: AbortSignal): void {
    while (this.#lookUps < maxLookUpsAtOnce && !stop.aborted) {
      const next = this.#waiting.pop();
      if (next === undefined) return;
      void this.#lookUp(next, stop);
    }
  }

  async #lookUp({ id, streams, doubt }: Waiting, stop: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    this.#lookUps += 1;
    doubt.lookingUp = true;
    try {
      const { userId } = await this.#options.lookUp(id, stop);
      for (const stream of streams) {
        if (stream.userId !== userId) throw new Error('the session belongs to another user than its stream');
        stream.verifiedAt = startedAt;
      }
    } catch (error) {
      const rejection = error instanceof RejectedError ? error.rejection : undefined;
      if (rejection?.reason === 'SESSION_REVOKED' || rejection?.reason === 'SESSION_UNKNOWN') {
        for (const stream of streams) stream.end(rejection);
      } else if (!stop.aborted) {
        this.#tellFailure(error);
      }
    } finally {
      this.#lookUps -= 1;
      doubt.lookingUp = false;
      doubt.dueAt = performance.now() + this.#spread();
      this.#lookUpWaiting(stop);
    }
  }

  /** Short enough for two tries before streams are ended. */
  #spread(): number {
    return (Math.random() * this.#options.unverifiedAfterMs) / 4;
  }

  #coverage(): Coverage {
    const { push, staleAfterMs } = this.#options;
    return { coveredUntil: push.coveredUntil, staleAfterMs, gaps: this.#gaps };
  }

  #tellFailure(error: unknown): void {
    this.#failures += 1;
    const now = performance.now();
    if (this.#failuresToldAt > 0 && now - this.#failuresToldAt < tellFailuresEveryMs) return;
    this.#options.log.warn(
      { error, failures: this.#failures },
      'sessions of open streams could not be verified',
    );
    this.#failures = 0;
    this.#failuresToldAt = now;
  }

  #tellStaleness(stale: boolean, behindMs: number): void {
    if (stale === this.#stale) return;
    this.#stale = stale;
    const facts = { behind_ms: Math.round(behindMs) };
    if (stale)
      this.#options.log.warn(facts, 'the push log is stale; looking up the sessions of open streams');
    else this.#options.log.info(facts, 'the push log is fresh again');
  }
}
