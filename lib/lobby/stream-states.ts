import type { RedisReads } from '../redis/client.ts';
import { readStreamState, type StreamState } from '../streams/offset.ts';
import type { ConsumerPlace, ConsumerPlaces } from './consumers/places.ts';

/** How the streams that the lobby consumes stand. Handlers ask for it on every runtime, by whichever driver of Redis. */
export type StreamStates = {
  /** Of every consumer, in a fixed order. Rejects when Redis cannot be asked. */
  read(): Promise<(ConsumerPlace & StreamState)[]>;
};

/** They may be slightly old: nothing is decided by them. */
export function redisStreamStates({ read }: RedisReads, places: ConsumerPlaces): StreamStates {
  return {
    read: () =>
      read((redis) =>
        Promise.all(
          Object.values(places).map(async (place) => ({
            ...place,
            ...(await readStreamState(redis, place)),
          })),
        ),
      ),
  };
}
