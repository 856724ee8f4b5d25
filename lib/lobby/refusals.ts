import { type ErrorCode, Refusal } from '../errors/table.ts';
import type { NameObstacle } from './domain/race-name/held.ts';

type Problem = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Throws the problem that the rules found, if any. */
export function refuseIf(problem: Problem | undefined): void {
  if (problem !== undefined) throw new Refusal(problem.code, problem.message, problem.details);
}

/** As `refuseIf`, for verdicts. */
export function refuseUnless(verdict: { readonly ok: true } | ({ readonly ok: false } & Problem)): void {
  if (!verdict.ok) refuseIf(verdict);
}

/** The same for a game that does not exist and for one that the caller may not see. */
export function noSuchGame(): Refusal {
  return new Refusal('not_found', 'There is no such game, or it is not for you to see.');
}

export function noSuchApplication(): Refusal {
  return new Refusal('not_found', 'There is no such application, or it is not for you to see.');
}

export function noSuchRaceName(): Refusal {
  return new Refusal('not_found', 'You hold no race name with this id.');
}

/** For operators, to whom all names are open. */
export function noRaceName(): Refusal {
  return new Refusal('not_found', 'There is no race name with this id.');
}

export function noSuchInvite(): Refusal {
  return new Refusal('not_found', 'There is no such invite, or it is not for you to see.');
}

export function noSuchMembership(): Refusal {
  return new Refusal('not_found', 'There is no such membership, or it is not for you to see.');
}

/** The race name that a request wants cannot be had. */
export function raceNameRefused(name: string, obstacle: NameObstacle): Refusal {
  const quoted = JSON.stringify(name);
  return new Refusal(
    'race_name_taken',
    obstacle === 'taken'
      ? `Another player has the race name ${quoted}, or one that looks like it. Choose another one.`
      : `No player can have the race name ${quoted}, or one that looks like it. Choose another one.`,
    { race_name: name },
  );
}

/** Refuses with `revision_mismatch` unless the game is at the expected revision, if one is given. */
export function refuseUnlessAt({ revision }: { revision: number }, expected: number | undefined): void {
  if (expected === undefined || expected === revision) return;
  throw new Refusal(
    'revision_mismatch',
    `The game is at revision ${revision}, not ${expected}. Read it again before you change it.`,
    { revision },
  );
}
