import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type GameStatus,
  gameStatuses,
  type TransitionActor,
  type Trigger,
  transitionActors,
  triggers,
} from '../../../lib/lobby/domain/game.ts';
import { allowedTriggers, type Effect, transition } from '../../../lib/lobby/domain/state-machine.ts';

type Cell = {
  to: GameStatus;
  by: TransitionActor[];
  /** What comes along while no container is bound, and what is added when one is. */
  unbound: Effect[];
  alsoWhenBound?: Effect[];
};

// The specification, written by status: what may happen to a game in it. Every pair that is missing is refused.
const cancelled = (by: TransitionActor[]): Cell => ({
  to: 'cancelled',
  by,
  unbound: ['cancel_pending', 'release_names'],
  alsoWhenBound: ['stop_job'],
});
const blocked: Cell = {
  to: 'cancelled',
  by: ['lifecycle_event'],
  unbound: ['cancel_pending', 'release_names', 'forget_reports'],
  alsoWhenBound: ['stop_job'],
};
const abandoned = cancelled(['departure']);
const reopened: Cell = { to: 'enrollment_open', by: ['owner', 'admin', 'departure'], unbound: [] };
const idle = cancelled(['worker']);
// A start job is under way, so that there may be a container although none is bound yet.
const cancelledStart = (by: TransitionActor[]): Cell => ({
  to: 'cancelled',
  by,
  unbound: ['cancel_pending', 'stop_job', 'release_names', 'forget_reports'],
});
const closed = (by: TransitionActor[]): Cell => ({ to: 'ready_to_start', by, unbound: ['close_pending'] });
const moved = (to: GameStatus, by: TransitionActor[], ...unbound: Effect[]): Cell => ({ to, by, unbound });

const specification: Record<GameStatus, Partial<Record<Trigger, Cell>>> = {
  draft: {
    open_enrollment: moved('enrollment_open', ['owner', 'admin']),
    idle_timeout: idle,
    cancel: cancelled(['owner', 'admin']),
    external_block: blocked,
  },
  enrollment_open: {
    close_enrollment: closed(['owner', 'admin']),
    deadline: closed(['worker']),
    gap: closed(['worker', 'approval']),
    idle_timeout: idle,
    cancel: cancelled(['owner', 'admin']),
    external_block: blocked,
  },
  ready_to_start: {
    reopen_enrollment: reopened,
    idle_timeout: idle,
    start: moved('starting', ['owner', 'admin'], 'start_job'),
    correct: moved('ready_to_start', ['admin']),
    cancel: cancelled(['owner', 'admin']),
    external_block: blocked,
  },
  starting: {
    runtime_ready: moved('running', ['job_result']),
    runtime_unregistered: moved('paused', ['job_result']),
    runtime_failed: moved('start_failed', ['job_result'], 'forget_reports', 'void_seats'),
    too_few_members: moved('start_failed', ['job_result'], 'stop_job', 'forget_reports', 'void_seats'),
    start_timeout: moved('start_failed', ['worker'], 'forget_reports', 'void_seats'),
    external_block: cancelledStart(['lifecycle_event']),
  },
  start_failed: {
    reopen_enrollment: reopened,
    idle_timeout: idle,
    retry_start: moved('starting', ['owner', 'admin'], 'start_job'),
    correct: moved('start_failed', ['admin']),
    cancel: cancelled(['owner', 'admin']),
    external_block: blocked,
  },
  running: {
    pause: moved('paused', ['owner', 'admin']),
    game_finished: moved('finished', ['gm_event'], 'evaluate_capabilities', 'stop_job'),
    cancel: cancelled(['admin']),
    abandoned,
    external_block: blocked,
  },
  paused: {
    resume: moved('running', ['owner', 'admin', 'worker']),
    correct: moved('paused', ['admin']),
    replace_engine: moved('start_failed', ['admin'], 'stop_job', 'forget_reports', 'void_seats'),
    game_finished: moved('finished', ['gm_event'], 'evaluate_capabilities', 'stop_job'),
    cancel: cancelled(['owner', 'admin']),
    abandoned,
    external_block: blocked,
  },
  finished: {},
  cancelled: {},
};

const everyCell = gameStatuses.flatMap((status) =>
  triggers.flatMap((trigger) => transitionActors.map((by) => ({ status, trigger, by }))),
);
const expectedCell = (status: GameStatus, trigger: Trigger, by: TransitionActor) => {
  const cell = specification[status][trigger];
  return cell?.by.includes(by) ? cell : undefined;
};
const legal = everyCell.filter(({ status, trigger, by }) => expectedCell(status, trigger, by) !== undefined);
const illegal = everyCell.filter(
  ({ status, trigger, by }) => expectedCell(status, trigger, by) === undefined,
);
const everPulledBy = (trigger: Trigger) =>
  new Set(gameStatuses.flatMap((status) => specification[status][trigger]?.by ?? []));

const unbound = { boundAt: null };
const bound = { boundAt: new Date('2026-01-01T00:00:00Z') };

describe('what the table allows', () => {
  test.each(legal)('$trigger by $by moves a game that is $status', ({ status, trigger, by }) => {
    const cell = expectedCell(status, trigger, by);
    for (const facts of [unbound, bound]) {
      const outcome = transition({ status, ...facts }, trigger, by);
      if (!outcome.ok) throw new Error(outcome.message);
      expect(outcome.to).toBe(cell?.to);
      const effects = [...(cell?.unbound ?? []), ...(facts === bound ? (cell?.alsoWhenBound ?? []) : [])];
      expect([...outcome.effects].sort()).toEqual(effects.sort());
    }
  });
});

describe('what the table does not allow', () => {
  test.each(illegal)('$trigger by $by is refused for a game that is $status', ({ status, trigger, by }) => {
    const outcome = transition({ status, ...unbound }, trigger, by);
    if (outcome.ok) throw new Error(`moved to ${outcome.to}`);

    const othersMay = specification[status][trigger] !== undefined;
    const sometimesMay = everPulledBy(trigger).has(by);
    expect(outcome.code).toBe(othersMay || !sometimesMay ? 'forbidden' : 'invalid_state');

    const allowed = triggers.filter((other) => expectedCell(status, other, by) !== undefined);
    expect(outcome.details.status).toBe(status);
    expect([...outcome.details.allowed].sort()).toEqual(allowed.sort());
    for (const name of [trigger, ...allowed]) expect(outcome.message).toContain(name);
    if (outcome.code === 'invalid_state') expect(outcome.message).toContain(`The game is ${status}`);
  });
});

test('a refusal tells a person what is wrong and what could be done', () => {
  expect(transition({ status: 'running', ...bound }, 'start', 'owner')).toEqual({
    ok: false,
    code: 'invalid_state',
    message: 'The game is running; start needs it to be ready_to_start. Possible now: pause.',
    details: { status: 'running', allowed: ['pause'] },
  });
  expect(transition({ status: 'running', ...bound }, 'cancel', 'owner')).toMatchObject({
    code: 'forbidden',
    message: 'cancel is not for the owner while a game is running. Possible now: pause.',
  });
  expect(transition({ status: 'enrollment_open', ...unbound }, 'deadline', 'owner')).toMatchObject({
    code: 'forbidden',
    message: 'deadline is not for the owner: it takes one of worker. Possible now: close_enrollment, cancel.',
  });
});

describe('properties', () => {
  const status = fc.constantFrom(...gameStatuses);
  const trigger = fc.constantFrom(...triggers);
  const actor = fc.constantFrom(...transitionActors);
  const boundAt = fc.option(fc.date({ noInvalidDate: true }), { nil: null });

  test('whatever happens to a game, a status that is for good is never left', () => {
    fc.assert(
      fc.property(boundAt, fc.array(fc.tuple(trigger, actor), { maxLength: 60 }), (when, pulls) => {
        const end = pulls.reduce<{ status: GameStatus; over: GameStatus | undefined }>(
          ({ status, over }, [pulled, by]) => {
            const outcome = transition({ status, boundAt: when }, pulled, by);
            const next = outcome.ok ? outcome.to : status;
            return {
              status: next,
              over: over ?? (['finished', 'cancelled'].includes(next) ? next : undefined),
            };
          },
          { status: 'draft', over: undefined },
        );
        if (end.over !== undefined) expect(end.status).toBe(end.over);
      }),
    );
  });

  test('a game moves exactly where its list of allowed triggers says', () => {
    fc.assert(
      fc.property(status, trigger, actor, boundAt, (from, pulled, by, when) => {
        const outcome = transition({ status: from, boundAt: when }, pulled, by);
        expect(outcome.ok).toBe(allowedTriggers(from, by).includes(pulled));
        if (outcome.ok) expect(outcome.to).toBe(specification[from][pulled]?.to);
      }),
    );
  });

  test('a container that may be running is always stopped when a game ends', () => {
    fc.assert(
      fc.property(status, trigger, actor, (from, pulled, by) => {
        const outcome = transition({ status: from, ...bound }, pulled, by);
        if (outcome.ok && (outcome.to === 'cancelled' || outcome.to === 'finished')) {
          expect(outcome.effects).toContain('stop_job');
        }
      }),
    );
  });
});
