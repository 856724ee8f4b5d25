import type { StreamTables } from '../../streams/tables.ts';
import { consumers, deadLetters, processedEntries } from './schema.ts';

/** What the lobby's consumers keep. */
export const lobbyStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
