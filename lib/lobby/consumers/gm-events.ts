// Consumer of `gm:lobby_events`: what the Game Master reports about the games that it plays, and when they end. Reports
// about one game are applied in order, those about different games side by side. A report that arrives before its game
// runs waits in PostgreSQL.
import { type GmEvent, gmEventEntry } from '../../protocol/gm-events.ts';
import { CannotApply, type Consumer } from '../../streams/consumer.ts';
import type { ConsumerStream } from '../../streams/offset.ts';
import type { Lobby } from '../context.ts';
import { applyGmEvent } from '../operations/apply-gm-event.ts';
import type { TransitionParts } from '../operations/transition.ts';
import type { Tx } from '../store/database.ts';
import { lockAnyGame } from '../store/games.ts';

export function gmEventsConsumer(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  stream: ConsumerStream,
): Consumer<GmEvent, Tx> {
  return {
    ...stream,
    entry: gmEventEntry,
    orderingKey: (event) => event.game_id,
    async handle(event, { traceparent, apply }) {
      const { game_id: gameId } = event;
      await apply(event.event_id, async (tx) => {
        const game = await lockAnyGame(tx, gameId);
        if (game === undefined) throw new CannotApply(`there is no game ${gameId}`);
        await applyGmEvent(tx, lobby, game, event, { at: lobby.now(), traceparent });
      });
      lobby.outbox.publishSoon([gameId]);
    },
  };
}
