// The lobby's consumers of streams: their names, what they read, and where each keeps its place. Declared once, for the
// consumers themselves, for what trims their streams, and for what shows operators how they stand.
import type { StreamPlace } from '../../streams/offset.ts';
import type { LobbyConfig } from '../config.ts';

export const consumerNames = ['gm_events', 'runtime_results', 'user_lifecycle'] as const;
export type ConsumerName = (typeof consumerNames)[number];

export type ConsumerPlace = StreamPlace & { readonly name: ConsumerName };
export type ConsumerPlaces = { readonly [Name in ConsumerName]: ConsumerPlace };

export function consumerPlaces(
  streams: Pick<LobbyConfig['streams'], 'gmEvents' | 'jobResults' | 'userLifecycle'>,
): ConsumerPlaces {
  const place = (name: ConsumerName, stream: string): ConsumerPlace => ({
    name,
    stream,
    offsetKey: `lobby:stream_offsets:${name}`,
  });
  return {
    gm_events: place('gm_events', streams.gmEvents),
    runtime_results: place('runtime_results', streams.jobResults),
    user_lifecycle: place('user_lifecycle', streams.userLifecycle),
  };
}
