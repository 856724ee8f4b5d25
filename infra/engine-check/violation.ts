import type { Attempt } from './exchange.ts';
import type { Saying } from './interface-says.ts';

/** The engine did what the interface forbids. */
export class Violation extends Error {
  /** The requests that show it, in order. */
  readonly attempts: readonly Attempt[];
  /** When it is not what the check is about. */
  readonly says: Saying | undefined;

  /** @param message one sentence for the author: what the engine did, and what it should have done. */
  constructor(message: string, attempts: readonly Attempt[] = [], says?: Saying) {
    super(message);
    this.name = 'Violation';
    this.attempts = attempts;
    this.says = says;
  }
}

/** There was no whole response in time. */
export class Late extends Violation {
  constructor(timeoutMs: number, attempt: Attempt, says: Saying) {
    super(`There was no whole response within ${timeoutMs / 1_000} s.`, [attempt], says);
    this.name = 'Late';
  }
}

/** The check does not apply to this engine. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotApplicable';
  }
}
