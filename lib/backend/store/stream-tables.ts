import { consumers, deadLetters, processedEntries } from '../../../drizzle/backend/schema.ts';
import type { StreamTables } from '../../streams/tables.ts';

/** What the backend's consumers of streams keep. */
export const backendStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
