import type { StreamTables } from '../../streams/tables.ts';
import { consumers, deadLetters, processedEntries } from './schema.ts';

/** What the backend's consumers of streams keep. */
export const backendStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
