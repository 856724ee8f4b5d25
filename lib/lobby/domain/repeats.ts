// How often the same thing may be done again: whatever notifies others must not be worth repeating in a loop. The first
// repeat is free, as people change their minds; after that one waits, each time longer.

type Problem = {
  readonly code: 'forbidden' | 'rate_limited';
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** What ended an earlier application or invite of the same user to the same game. */
export type EndedAttempt<Status extends string> = {
  readonly status: Status;
  readonly endedAt: Date;
  /** How many it stands for, of which it is the last one. */
  readonly attempts: number;
};

const hourMs = 3_600_000;
const firstPauseMs = 60_000;
const longestPauseMs = 24 * hourMs;

export const repeatBounds = {
  /** Applications, or invites, of one user to one game. */
  attempts: 10,
  /** Invites to one user to the games of one owner, in a day. */
  invitesADay: 10,
  /** How often an owner may pause a game in an hour. */
  pausesAnHour: 5,
} as const;

/** How long to wait after so many attempts have ended, before the next one. */
export function pauseAfter(ended: number): number {
  return ended < 2 ? 0 : Math.min(firstPauseMs * 4 ** (ended - 2), longestPauseMs);
}

/** Why a user cannot apply to a game again, judged by their withdrawn and rejected applications to it. */
export function reapplyingProblem(
  earlier: readonly EndedAttempt<'withdrawn' | 'rejected'>[],
  now: Date,
): Problem | undefined {
  return repeatProblem(earlier, now, 'apply to this game');
}

/** Why a user cannot be invited to a game again, judged by what became of earlier invites. */
export function reinvitingProblem(
  earlier: readonly EndedAttempt<'declined' | 'revoked'>[],
  now: Date,
): Problem | undefined {
  if (earlier.some(({ status }) => status === 'declined')) {
    return {
      code: 'forbidden',
      message:
        'The user has declined an invite to this game. Give them a code, if they want to join after all.',
      details: { reason: 'declined' },
    };
  }
  return repeatProblem(earlier, now, 'invite the user to this game');
}

/** Why an owner cannot invite the user to another game. @param recent invites to the user, within a day. */
export function inviteFloodProblem(recent: readonly Date[], now: Date): Problem | undefined {
  return rateProblem(recent, now, {
    most: repeatBounds.invitesADay,
    within: 24 * hourMs,
    what: 'This user has been invited by you',
  });
}

/** Why an owner cannot pause a game again. @param recent pauses by the owner, within an hour. */
export function pausingProblem(recent: readonly Date[], now: Date): Problem | undefined {
  return rateProblem(recent, now, {
    most: repeatBounds.pausesAnHour,
    within: hourMs,
    what: 'The game has been paused',
  });
}

export const repeatWindows = { invitesMs: 24 * hourMs, pausesMs: hourMs } as const;

function repeatProblem(
  earlier: readonly EndedAttempt<string>[],
  now: Date,
  what: string,
): Problem | undefined {
  const attempts = earlier.reduce((sum, ended) => sum + ended.attempts, 0);
  if (attempts >= repeatBounds.attempts) {
    return {
      code: 'forbidden',
      message: `You have tried to ${what} ${attempts} times, which is the most.`,
      details: { reason: 'too_many_attempts' },
    };
  }
  const lastEnd = Math.max(0, ...earlier.map(({ endedAt }) => endedAt.getTime()));
  const waitMs = lastEnd + pauseAfter(attempts) - now.getTime();
  if (waitMs <= 0) return undefined;
  return rateLimited(`You can ${what} again`, waitMs);
}

function rateProblem(
  recent: readonly Date[],
  now: Date,
  { most, within, what }: { most: number; within: number; what: string },
): Problem | undefined {
  if (recent.length < most) return undefined;
  const free = recent.map((at) => at.getTime()).toSorted((a, b) => b - a)[most - 1] ?? 0;
  return rateLimited(
    `${what} ${recent.length} times lately; it is possible again`,
    free + within - now.getTime(),
  );
}

function rateLimited(message: string, waitMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return {
    code: 'rate_limited',
    message: `${message} in ${seconds} seconds.`,
    details: { retry_after_seconds: seconds },
  };
}
