import type { StreamTables } from '../../streams/tables.ts';
import { consumers, deadLetters, processedEntries } from './schema.ts';

/** The tables of the backend's stream consumers. */
export const backendStreamTables: StreamTables = { consumers, deadLetters, processedEntries };
