import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  capacity,
  closeEnrollmentProblem,
  dueClosing,
  gapAfterMembershipChange,
  openEnrollmentProblem,
  startProblem,
} from '../../../lib/lobby/domain/enrollment.ts';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';

const hour = 3_600_000;
const noon = new Date('2026-05-01T12:00:00.000Z');
const hoursAfterNoon = (hours: number) => new Date(noon.getTime() + hours * hour);

const enrolling = {
  status: 'enrollment_open',
  minPlayers: 3,
  maxPlayers: 5,
  startGapHours: 24,
  startGapPlayers: 2,
  enrollmentEndsAt: hoursAfterNoon(100),
  gapOpenedAt: null,
} as const;

describe('capacity', () => {
  test('is max_players until the gap opens', () => {
    expect(capacity(enrolling)).toBe(5);
  });

  test('grows by the extra places while the gap is open', () => {
    expect(capacity({ ...enrolling, gapOpenedAt: noon })).toBe(7);
  });
});

describe('the gap', () => {
  test('opens with the member who fills the game', () => {
    expect(gapAfterMembershipChange(enrolling, 4, noon)).toBeNull();
    expect(gapAfterMembershipChange(enrolling, 5, noon)).toEqual(noon);
  });

  test('keeps its opening time while more members come', () => {
    expect(gapAfterMembershipChange({ ...enrolling, gapOpenedAt: noon }, 6, hoursAfterNoon(3))).toEqual(noon);
  });

  test('closes when the game falls below max_players, and opens again later', () => {
    const open = { ...enrolling, gapOpenedAt: noon };
    const closed = { ...enrolling, gapOpenedAt: gapAfterMembershipChange(open, 4, hoursAfterNoon(3)) };
    expect(closed.gapOpenedAt).toBeNull();
    expect(gapAfterMembershipChange(closed, 5, hoursAfterNoon(9))).toEqual(hoursAfterNoon(9));
  });
});

describe('the end of enrollment by the gap', () => {
  const open = { ...enrolling, gapOpenedAt: noon };

  test('comes when the hours have passed, not a millisecond earlier', () => {
    const end = hoursAfterNoon(24);
    expect(dueClosing(open, 5, new Date(end.getTime() - 1))).toBeUndefined();
    expect(dueClosing(open, 5, end)).toBe('gap');
  });

  test('comes with the member who takes the last extra place', () => {
    expect(dueClosing(open, 6, noon)).toBeUndefined();
    expect(dueClosing(open, 7, noon)).toBe('gap');
  });

  test('comes at once when there are no extra places', () => {
    expect(dueClosing({ ...open, startGapPlayers: 0 }, 5, noon)).toBe('gap');
  });

  test('comes at once when the gap has no hours', () => {
    expect(dueClosing({ ...open, startGapHours: 0 }, 5, noon)).toBe('gap');
  });

  test('does not come while the game is not full', () => {
    expect(dueClosing(enrolling, 4, hoursAfterNoon(30))).toBeUndefined();
    expect(dueClosing(open, 4, hoursAfterNoon(30))).toBeUndefined();
  });
});

describe('the end of enrollment by the deadline', () => {
  const end = enrolling.enrollmentEndsAt;

  test('comes at the deadline with enough players, not a millisecond earlier', () => {
    expect(dueClosing(enrolling, 3, new Date(end.getTime() - 1))).toBeUndefined();
    expect(dueClosing(enrolling, 3, end)).toBe('deadline');
  });

  test('waits for the minimum when too few players are there', () => {
    expect(dueClosing(enrolling, 2, hoursAfterNoon(200))).toBeUndefined();
    expect(dueClosing(enrolling, 3, hoursAfterNoon(201))).toBe('deadline');
  });

  test('yields to the gap when both are due', () => {
    expect(dueClosing({ ...enrolling, gapOpenedAt: noon }, 7, end)).toBe('gap');
  });
});

test.each(gameStatuses.filter((status) => status !== 'enrollment_open'))(
  'a game that is %s has no enrollment to close',
  (status) => {
    expect(dueClosing({ ...enrolling, status, gapOpenedAt: noon }, 7, hoursAfterNoon(500))).toBeUndefined();
  },
);

describe('conditions on a trigger', () => {
  test('enrollment opens only before its deadline, and with a clock that is allowed', () => {
    const bounds = { minTurnSeconds: null, quietDays: [], graceSeconds: 0 };
    const clock = { turnSchedule: null, timeZone: 'UTC', turnSeconds: 900, ...bounds };
    const draft = { status: 'draft', enrollmentEndsAt: noon, ...clock } as const;
    const problem = (now: Date, seconds = 900) => openEnrollmentProblem(draft, now, seconds * 1_000);
    expect(problem(hoursAfterNoon(-1))).toBeUndefined();
    expect(problem(hoursAfterNoon(-1), 901)).toMatchObject({
      code: 'invalid_state',
      message: expect.stringContaining('turn_seconds must be at least 901'),
      details: { status: 'draft', fields: [{ field: 'turn_seconds', problem: 'must be at least 901' }] },
    });
    expect(problem(noon)).toMatchObject({
      code: 'invalid_state',
      message: expect.stringContaining('2026-05-01T12:00:00.000Z has passed'),
      details: { status: 'draft', enrollment_ends_at: '2026-05-01T12:00:00.000Z' },
    });
  });

  test.each([
    ['closing by hand', closeEnrollmentProblem],
    ['a start', startProblem],
  ])('%s needs min_players', (_what, problem) => {
    expect(problem(enrolling, 3)).toBeUndefined();
    expect(problem(enrolling, 2)).toMatchObject({
      code: 'invalid_state',
      message: expect.stringContaining('2 of at least 3 players'),
      details: { status: 'enrollment_open', min_players: 3, active_members: 2 },
    });
  });
});

describe('properties', () => {
  const games = fc
    .record({
      minPlayers: fc.integer({ min: 1, max: 20 }),
      extraToMax: fc.integer({ min: 0, max: 20 }),
      startGapHours: fc.integer({ min: 0, max: 336 }),
      startGapPlayers: fc.integer({ min: 0, max: 10 }),
      deadlineHours: fc.integer({ min: 1, max: 1_000 }),
    })
    .map(({ minPlayers, extraToMax, startGapHours, startGapPlayers, deadlineHours }) => ({
      status: 'enrollment_open' as const,
      minPlayers,
      maxPlayers: minPlayers + extraToMax,
      startGapHours,
      startGapPlayers,
      enrollmentEndsAt: hoursAfterNoon(deadlineHours),
      gapOpenedAt: null as Date | null,
    }));
  /** Hours that pass, then whether somebody wants to join or leaves. */
  const steps = fc.array(fc.tuple(fc.nat({ max: 48 }), fc.boolean()), { maxLength: 80 });

  test('a game run by these rules never holds more members than it has places, and always ends when due', () => {
    fc.assert(
      fc.property(games, steps, (start, moves) => {
        let game = start;
        let members = 0;
        let hours = 0;
        for (const [passed, joins] of moves) {
          hours += passed;
          const now = hoursAfterNoon(hours);
          const due = dueClosing(game, members, now);
          if (due === 'gap') expect(members).toBeGreaterThanOrEqual(game.maxPlayers);
          if (due === 'deadline') expect(members).toBeGreaterThanOrEqual(game.minPlayers);
          if (due !== undefined) return;
          // Nothing is due: nobody waits for an end that the rules promise.
          const past = now >= game.enrollmentEndsAt;
          expect(past && members >= game.minPlayers).toBe(false);

          if (joins && members < capacity(game)) members += 1;
          else if (!joins && members > 0) members -= 1;
          game = { ...game, gapOpenedAt: gapAfterMembershipChange(game, members, now) };
          expect(members).toBeLessThanOrEqual(game.maxPlayers + game.startGapPlayers);
          expect(game.gapOpenedAt !== null).toBe(members >= game.maxPlayers);
        }
      }),
    );
  });

  test('what is due stays due as time passes', () => {
    fc.assert(
      fc.property(
        games,
        fc.nat({ max: 40 }),
        fc.nat({ max: 500 }),
        fc.nat({ max: 500 }),
        (game, members, at, later) => {
          const full = { ...game, gapOpenedAt: gapAfterMembershipChange(game, members, noon) };
          if (dueClosing(full, members, hoursAfterNoon(at)) !== undefined) {
            expect(dueClosing(full, members, hoursAfterNoon(at + later))).toBeDefined();
          }
        },
      ),
    );
  });
});
