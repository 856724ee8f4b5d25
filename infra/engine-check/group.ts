// Checks that go on with one and the same engine. After a check that failed the next one gets a new engine, so that one
// fault is not reported twice.
import type { Saying } from './interface-says.ts';
import type { Lab } from './lab.ts';
import { Late, NotApplicable, Violation } from './violation.ts';

/** What came of a check. */
export type Outcome = {
  readonly group: string;
  /** What the engine should do, as the end of a sentence that begins with "the engine". */
  readonly name: string;
  readonly saying: Saying;
} & (
  | { readonly kind: 'ok'; readonly note?: string }
  | { readonly kind: 'failed'; readonly violation: Violation }
  | { readonly kind: 'skipped'; readonly reason: string }
);

export type Check<Subject> = {
  readonly name: string;
  readonly saying: Saying;
  /** @returns a text that is worth knowing, if there is one. @throws Violation; NotApplicable */
  readonly run: (subject: Subject, lab: Lab) => Promise<unknown>;
};

export type Group = {
  readonly name: string;
  /** Names of its checks. */
  readonly checks: readonly string[];
  /**
   * @param wanted names of the checks to run.
   * @returns false when the engine could not even be prepared, so that further groups make no sense.
   */
  run(lab: Lab, wanted: ReadonlySet<string>, report: (outcome: Outcome) => void): Promise<boolean>;
};

/**
 * @param prepare what the checks are about, such as an engine with a game.
 * @param isUsable whether the next check can go on with it.
 */
export function group<Subject>(
  name: string,
  prepare: (lab: Lab) => Promise<Subject>,
  checks: readonly Check<Subject>[],
  isUsable: (subject: Subject) => boolean = () => true,
): Group {
  return {
    name,
    checks: checks.map((check) => check.name),
    async run(lab, wanted, report) {
      let subject: Subject | undefined;
      let late = false;
      for (const { name: what, saying, run } of checks.filter((check) => wanted.has(check.name))) {
        const outcome = { group: name, name: what, saying };
        if (late) {
          report({ ...outcome, kind: 'skipped', reason: 'since a response was late before' });
          continue;
        }
        try {
          if (subject === undefined || !isUsable(subject)) subject = await prepare(lab);
          const note = await run(subject, lab);
          lab.options.signal.throwIfAborted();
          report({ ...outcome, kind: 'ok', ...(typeof note === 'string' && { note }) });
        } catch (thrown) {
          // Once the time is over, that is what is wrong, whatever the check took it for.
          const { aborted, reason } = lab.options.signal;
          const error: unknown = aborted ? reason : thrown;
          if (error instanceof NotApplicable) {
            report({ ...outcome, kind: 'skipped', reason: error.message });
            continue;
          }
          if (!(error instanceof Violation)) throw error;
          report({ ...outcome, kind: 'failed', violation: error });
          await lab.stop();
          if (subject === undefined || aborted) return false;
          subject = undefined;
          // What is late once may be late in every check.
          late = error instanceof Late;
        }
      }
      await lab.stop();
      return true;
    },
  };
}
