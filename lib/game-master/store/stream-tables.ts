import type { StreamTables } from '../../streams/tables.ts';
import { consumers, deadLetters, processedEntries } from './schema.ts';

/** The tables of the Game Master's consumer. */
export const gameMasterStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
