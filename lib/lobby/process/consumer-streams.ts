// The lobby's consumers: name, stream and offset key of each. Declared once for the consumers, for the job that trims
// their streams, and for the routes that show operators their state.
import type { ConsumerStream } from '../../streams/offset.ts';
import type { LobbyConfig } from '../config.ts';

export const consumerNames = ['gm_events', 'runtime_results', 'user_lifecycle'] as const;
export type ConsumerName = (typeof consumerNames)[number];

export type ConsumerStreams = { readonly [Name in ConsumerName]: ConsumerStream & { readonly name: Name } };

export function consumerStreams(
  streams: Pick<LobbyConfig['streams'], 'gmEvents' | 'jobResults' | 'userLifecycle'>,
): ConsumerStreams {
  const of = <Name extends ConsumerName>(name: Name, stream: string) => ({
    name,
    stream,
    offsetKey: `lobby:stream_offsets:${name}`,
  });
  return {
    gm_events: of('gm_events', streams.gmEvents),
    runtime_results: of('runtime_results', streams.jobResults),
    user_lifecycle: of('user_lifecycle', streams.userLifecycle),
  };
}
