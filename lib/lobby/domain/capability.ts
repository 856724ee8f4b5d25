// Whether a member did well enough in a game to register the race name. The first report of the Game Master that knows
// the member gives the initial values; a member is capable when planets and population each exceeded theirs at some
// time, not necessarily at the same.

/** What the reports of a game say about a member. */
export type MemberStatistics = {
  readonly initialPlanets: number;
  readonly initialPopulation: number;
  readonly maxPlanets: number;
  readonly maxPopulation: number;
};

export type Capability = 'capable' | 'not_capable' | 'no_statistics';

/** How long a capable member can register the race name, from the end of the game. */
export const registrationWindowMs = 30 * 24 * 3_600_000;

/** @param statistics undefined for a member whom no report has named. */
export function capabilityOf(statistics: MemberStatistics | undefined): Capability {
  if (statistics === undefined) return 'no_statistics';
  const grew =
    statistics.maxPlanets > statistics.initialPlanets &&
    statistics.maxPopulation > statistics.initialPopulation;
  return grew ? 'capable' : 'not_capable';
}
