// What the Game Master measures; docs/game-master.md holds it as a table.
import { Instruments } from '../telemetry/instruments.ts';
import type { EngineHealth } from './domain/engine-health.ts';

export const gameMasterInstruments = new Instruments('galaxy.game_master');

const steps = gameMasterInstruments.counter(
  'game_master_steps_total',
  ['outcome'],
  'Attempts to do what was due for a game: `ok`, the trouble of its engine (`unreachable`, `faulty`, `state_lost`), or ' +
    '`failed` when the lobby or Redis did not answer.',
);

const published = gameMasterInstruments.counter(
  'game_master_events_published_total',
  ['event_type'],
  'Events that were told to the lobby, repeats included.',
);

export type StepOutcome = EngineHealth | 'failed';

let known: () => ReadonlyMap<StepOutcome, number> = () => new Map();

gameMasterInstruments.gauge(
  'game_master_games',
  ['health'],
  'Games that are played here, by the outcome of the last attempt to do something for them.',
  (tell) => {
    for (const [health, count] of known()) tell(count, health);
  },
);

export function stepDone(outcome: StepOutcome): void {
  steps.add(1, outcome);
}

export function eventPublished(eventType: string): void {
  published.add(1, eventType);
}

/** @param read how many games stand how. */
export function observeGames(read: () => ReadonlyMap<StepOutcome, number>): void {
  known = read;
}
