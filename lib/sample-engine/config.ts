// The configuration of the sample engine. What docs/engine-interface.md names comes from the Runtime Manager.
import { filePath, integer, logLevel, text } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { engineEnvironment } from '../engine/api.ts';

export const sampleEngineVariables = {
  host: defaulted(engineEnvironment.host, '127.0.0.1', text, { help: 'Address to bind to.' }),
  port: required(engineEnvironment.port, integer(0, 65_535), {
    help: 'Port to listen on; 0 takes a free one.',
  }),
  dataFolder: optional(engineEnvironment.dataFolder, filePath, {
    help: 'Folder that keeps the game. Unset: it is kept in memory, and gone when the engine ends.',
  }),
  turns: defaulted('GALAXY_ENGINE_TURNS', '10', integer(1, 1_000_000), {
    help: 'After how many turns a game is finished.',
  }),
  logLevel: defaulted('GALAXY_ENGINE_LOG_LEVEL', 'info', logLevel, {
    help: 'Least severe log line that is written.',
  }),
};

export type SampleEngineConfig = Values<typeof sampleEngineVariables>;
