// What the Game Master measures; docs/game-master.md has it as a table.
import { OldestUnprocessed } from '../streams/oldest-unprocessed.ts';
import { Instruments } from '../telemetry/instruments.ts';
import type { CloseReason, EngineHealth } from './domain/game.ts';

export const gameMasterInstruments = new Instruments('galaxy.game_master');

const turnsPlayed = gameMasterInstruments.counter(
  'game_master_turns_played_total',
  ['reason'],
  'Turns whose outcome was committed, by why they closed: `all_ready` or `due`.',
);

const steps = gameMasterInstruments.counter(
  'game_master_steps_total',
  ['outcome'],
  'Attempts to do what was to be done for a game: `ok`, the trouble of its engine (`unreachable`, `faulty`, ' +
    '`state_lost`, `unsupported`), or `failed` when the lobby or PostgreSQL did not respond.',
);

/** Calls to engines, as a label. */
export type EngineCall = 'manifest' | 'set_up' | 'state' | 'validate' | 'turn' | 'view' | 'vacate';

const engineCallSeconds = gameMasterInstruments.distribution(
  'game_master_engine_call_seconds',
  ['call'],
  'Time of one call to an engine, whatever came of it.',
  [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
);

/** As a turn worker of this process counted it last; undefined in processes without one. */
export type GamesSeen = {
  readonly byHealth: ReadonlyMap<EngineHealth, number>;
  /** How long the most overdue game has waited; 0 when none has. */
  readonly overdueSeconds: number;
};
let seen: GamesSeen | undefined;

gameMasterInstruments.gauge(
  'game_master_games',
  ['health'],
  'Games that are not over, by the health of their engine, as PostgreSQL has them. Every turn worker reports the same.',
  (observe) => {
    for (const [health, count] of seen?.byHealth ?? []) observe(count, health);
  },
);

gameMasterInstruments.gauge(
  'game_master_turns_overdue_seconds',
  [],
  'How long the game that has waited longest for a turn worker has waited, beyond the time at which there was ' +
    'something to do for it; 0 when none waits. Games whose engine failed wait between attempts, and count from when ' +
    'the next one was to come.',
  (observe) => {
    if (seen !== undefined) observe(seen.overdueSeconds);
  },
);

/** As the outbox relay of this process saw it last; without a relay the gauge below reports nothing. */
export const oldestUnprocessed = new OldestUnprocessed();

gameMasterInstruments.gauge(
  'game_master.game_changes.oldest_unprocessed_age_ms',
  [],
  'How long the oldest change of a game has been in its stream that the Game Master has not handled; 0 when it has ' +
    'handled all. While Redis cannot be asked, how long that may be.',
  (observe) => {
    const ageMs = oldestUnprocessed.ageMs('game_changes');
    if (ageMs !== undefined) observe(ageMs);
  },
);

/** The turns that this process played in each of the last 60 seconds, by the second modulo 60. */
const playedInSecond = Array.from({ length: 60 }, () => ({ second: -1, turns: 0 }));
const secondNow = () => Math.floor(performance.now() / 1_000);

export function turnPlayed(reason: CloseReason): void {
  turnsPlayed.add(1, reason);
  const second = secondNow();
  const earlier = playedInSecond[second % 60];
  playedInSecond[second % 60] = { second, turns: (earlier?.second === second ? earlier.turns : 0) + 1 };
}

/** How many turns this process played, whether or not metrics are collected. */
export function turnsInLastMinute(): number {
  const since = secondNow() - 60;
  return playedInSecond.reduce((sum, { second, turns }) => (second > since ? sum + turns : sum), 0);
}

export function stepDone(outcome: EngineHealth | 'failed'): void {
  steps.add(1, outcome);
}

export function engineCalled(call: EngineCall, seconds: number): void {
  engineCallSeconds.record(seconds, call);
}

export function gamesSeen(games: GamesSeen): void {
  seen = games;
}
