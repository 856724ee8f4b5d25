// Whether the engines of the platform can play a game as it is set up. A draft may be made for a version that is still
// to come; enrollment opens only for one that is offered.
import type { EngineCatalogue, OfferedEngine } from '../../engine/catalogue.ts';
import type { UnmetCondition } from './enrollment.ts';
import type { Game, GameSettings, SettingsProblem } from './game.ts';

/** The settings that say what is played, and by how many. */
export const engineSettings = [
  'engineFamily',
  'targetEngineVersion',
  'options',
  'minPlayers',
  'maxPlayers',
  'startGapPlayers',
] as const;
export type EngineSettings = Pick<GameSettings, (typeof engineSettings)[number]>;

/** What is wrong with the settings of a draft, by the catalogue. */
export function engineProblems(settings: EngineSettings, catalogue: EngineCatalogue): SettingsProblem[] {
  const { engineFamily, targetEngineVersion } = settings;
  if (!catalogue.families.includes(engineFamily)) {
    const families = catalogue.families.join(', ');
    return [{ field: 'engine_family', problem: `is not a game of this platform; there are ${families}` }];
  }
  const engine = catalogue.find(engineFamily, targetEngineVersion);
  return engine === undefined
    ? []
    : [...playerProblems(settings, engine), ...optionProblems(settings, engine)];
}

/** What keeps every engine of the catalogue from playing a game as it is set up. */
export function offerProblems(settings: EngineSettings, catalogue: EngineCatalogue): SettingsProblem[] {
  const { engineFamily, targetEngineVersion } = settings;
  const isOffered = catalogue.find(engineFamily, targetEngineVersion) !== undefined;
  const versions = catalogue.versionsOf(engineFamily);
  if (isOffered || versions.length === 0) return engineProblems(settings, catalogue);
  const problem = `is not offered for ${engineFamily}; there are ${versions.join(', ')}`;
  return [{ field: 'target_engine_version', problem }];
}

/** Why the enrollment of a draft cannot be opened yet, by the catalogue. */
export function engineCondition(
  game: EngineSettings & Pick<Game, 'status'>,
  catalogue: EngineCatalogue,
): UnmetCondition | undefined {
  const { status } = game;
  const [first, ...more] = offerProblems(game, catalogue);
  if (first === undefined) return undefined;
  return {
    code: 'invalid_state',
    message: `No engine can play the game as it is: ${first.field} ${first.problem}. Change it first.`,
    details: { status, fields: [first, ...more] },
  };
}

function playerProblems(settings: EngineSettings, { manifest }: OfferedEngine): SettingsProblem[] {
  const { minPlayers, maxPlayers, startGapPlayers, options } = settings;
  const { min, max } = manifest.seats;
  const bots = typeof options.bots === 'number' ? options.bots : 0;
  const name = `${manifest.family} ${manifest.version}`;
  const problems: SettingsProblem[] = [];
  if (minPlayers + bots < min) {
    problems.push({
      field: 'min_players',
      problem: `must be at least ${min} with options.bots; ${name} has ${min} to ${max} seats`,
    });
  }
  if (maxPlayers + startGapPlayers > max) {
    problems.push({
      field: 'max_players',
      problem: `must be at most ${max} with start_gap_players; ${name} has ${min} to ${max} seats`,
    });
  }
  return problems;
}

/** @returns the fields as `options.galaxy.size`. */
function optionProblems({ options }: EngineSettings, engine: OfferedEngine): SettingsProblem[] {
  return engine.optionProblems(options).map(({ path, message }) => ({
    field: `options${path.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')}`,
    problem: message,
  }));
}
