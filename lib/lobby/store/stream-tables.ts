import type { StreamTables } from '../../streams/tables.ts';
import { consumers, deadLetters, processedEntries } from './schema.ts';

/** The tables of the lobby's consumers. */
export const lobbyStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
