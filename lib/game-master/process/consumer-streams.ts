// The Game Master's consumer: name, stream and offset key. Declared once for the consumer, for the job that trims its
// stream, and for the routes that show operators its state.
import type { ConsumerStream } from '../../streams/offset.ts';
import type { GameMasterConfig } from '../config.ts';

export function gameChangesStream(
  streams: Pick<GameMasterConfig['streams'], 'gameChanges'>,
): ConsumerStream & { readonly name: 'game_changes' } {
  return {
    name: 'game_changes',
    stream: streams.gameChanges,
    offsetKey: 'game_master:stream_offsets:game_changes',
  };
}
