import { Refusal } from '../../errors/table.ts';
import type { StreamState } from '../../streams/offset.ts';
import { type ConsumerRecord, readConsumers } from '../../streams/store.ts';
import { type ConsumerPlace, consumerNames } from '../consumers/places.ts';
import type { Lobby } from '../context.ts';
import { lobbyStreamTables } from '../store/stream-tables.ts';

type Noted = Omit<ConsumerRecord, 'name'>;
export type ConsumerStatus = ConsumerPlace & StreamState & Noted;

const neverRan: Noted = { held: false, lastError: null, lastErrorAt: null, deadLetters: 0 };

/**
 * How the lobby's consumers stand: in their streams, and by what they noted down.
 * @throws Refusal `service_unavailable` when Redis cannot be asked.
 */
export async function listStreams(lobby: Pick<Lobby, 'db' | 'streamStates'>): Promise<ConsumerStatus[]> {
  const [states, records] = await Promise.all([
    // Why, the connection itself has logged.
    lobby.streamStates.read().catch(() => {
      throw new Refusal('service_unavailable', 'Redis cannot be asked how the streams stand. Try again.');
    }),
    readConsumers(lobby.db, lobbyStreamTables, consumerNames),
  ]);
  return states.map((state) => {
    const record = records.find(({ name }) => name === state.name);
    return { ...neverRan, ...record, ...state };
  });
}
