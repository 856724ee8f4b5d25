import { consumers, deadLetters, processedEntries } from '../../../drizzle/lobby/schema.ts';
import type { StreamTables } from '../../streams/tables.ts';

/** What the lobby's consumers keep. */
export const lobbyStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
