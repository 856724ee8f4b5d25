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

/** The check does not apply to this engine. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotApplicable';
  }
}
