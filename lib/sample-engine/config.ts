// The configuration of the sample engine. The Runtime Manager sets the variables that docs/engine-interface.md names.
import { logLevelVariable } from '../config/process-variables.ts';
import { filePath, integer, text } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { engineEnvironment } from '../engine/api.ts';

export const sampleEngineVariables = {
  host: defaulted(engineEnvironment.host, '127.0.0.1', text, { help: 'Address to bind to.' }),
  port: required(engineEnvironment.port, integer(0, 65_535), {
    help: 'Port to listen on; 0 takes a free one.',
  }),
  dataFolder: optional(engineEnvironment.dataFolder, filePath, {
    help: 'Folder that stores the game. Unset: the game is in memory, and lost when the engine ends.',
  }),
  turns: defaulted('GALAXY_ENGINE_TURNS', '10', integer(1, 1_000_000), {
    help: 'After how many turns a game is finished.',
  }),
  logLevel: logLevelVariable('GALAXY_ENGINE'),
};

export type SampleEngineConfig = Values<typeof sampleEngineVariables>;
