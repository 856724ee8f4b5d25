// The enrollment automation closes enrollment by deadline and by gap, cancels games that nothing has happened to for too
// long before their start, and fails starts that have taken too long.
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { dueClosing } from '../domain/enrollment.ts';
import type { TransitionParts } from '../operations/transition.ts';
import { claimDueGames, claimIdleGames, claimOverdueStarts, type StoredGame } from '../store/games.ts';
import { type DueGames, moveDueGames } from './due-games.ts';

type Automation = TransitionParts & Pick<Lobby, 'db' | 'now' | 'underfilledGraceMs'>;

const closings: DueGames = {
  claim: claimDueGames,
  due(game, now) {
    const trigger = dueClosing(game, game.activeMembers, now);
    return trigger && { trigger };
  },
  messages: { moved: 'enrollment closed', failed: 'enrollment could not be closed' },
};

function idleGames({ underfilledGraceMs }: Automation): DueGames {
  return {
    claim: (tx, now, limit) => claimIdleGames(tx, new Date(now.getTime() - underfilledGraceMs), limit),
    due: (game) => ({ trigger: 'idle_timeout', reason: whyIdle(game) }),
    messages: { moved: 'idle game cancelled', failed: 'an idle game could not be cancelled' },
  };
}

function whyIdle({ status, enrollmentEndsAt }: StoredGame): string {
  const deadline = enrollmentEndsAt.toISOString();
  if (status === 'draft') return `enrollment was not opened; its deadline was ${deadline}`;
  if (status === 'enrollment_open') return `too few players have joined; the deadline was ${deadline}`;
  return 'the game was not started';
}

const overdueStarts: DueGames = {
  claim: claimOverdueStarts,
  due: () => ({ trigger: 'start_timeout', reason: 'the Runtime Manager did not respond in time' }),
  messages: { moved: 'start timed out', failed: 'a start that timed out could not be failed' },
};

/** Closes enrollment wherever it is due, until nothing is left or `stop` aborts. */
export function closeDueEnrollments(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  return moveDueGames(lobby, closings, log, stop);
}

/**
 * Cancels games whose owners and players have let them lie: drafts and games with too few players, that long after their
 * deadline, and games that nobody starts. Until none is left or `stop` aborts.
 */
export function cancelIdleGames(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  return moveDueGames(lobby, idleGames(lobby), log, stop);
}

/**
 * Fails the starts whose time is over, until none is left or `stop` aborts. A container that appears later is stopped
 * when the Runtime Manager reports it.
 */
export function failOverdueStarts(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  return moveDueGames(lobby, overdueStarts, log, stop);
}
