// The environment of an engine: what the Runtime Manager sets (docs/engine-interface.md), and the level of its log.
import { logLevelVariable } from '../config/process-variables.ts';
import { filePath, integer, text } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { engineEnvironment } from '../engine/api.ts';

export const engineVariables = {
  host: defaulted(engineEnvironment.host, '127.0.0.1', text, { help: 'Address to bind to.' }),
  port: required(engineEnvironment.port, integer(0, 65_535), {
    help: 'Port to listen on; 0 takes a free one.',
  }),
  dataFolder: required(engineEnvironment.dataFolder, filePath, {
    help: 'Folder of this game alone; the engine keeps the game there.',
  }),
  version: optional(engineEnvironment.version, text, {
    help: 'The version that the game was made for; it is only logged.',
  }),
  logLevel: logLevelVariable('GALAXY_ENGINE'),
};

export type EngineConfig = Values<typeof engineVariables>;
