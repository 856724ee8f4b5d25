// Consumer of `lobby:game_changes`: pauses, resumes and ends of games, and members who have left. Changes of one game are
// applied in order, those of different games side by side. A repeat is recognised by its id, and a status that is older
// than what is known by its revision.
import { type GameChange, gameChangeEntry } from '../../protocol/game-changes.ts';
import type { Consumer } from '../../streams/consumer.ts';
import type { ConsumerStream } from '../../streams/offset.ts';
import type { GameMaster } from '../context.ts';
import { applyGameChange } from '../operations/apply-game-change.ts';
import type { Tx } from '../store/database.ts';

export function gameChangesConsumer(
  gameMaster: Pick<GameMaster, 'outbox'>,
  stream: ConsumerStream,
): Consumer<GameChange, Tx> {
  return {
    ...stream,
    entry: gameChangeEntry,
    orderingKey: (change) => change.game_id,
    async handle(change, { apply }) {
      await apply(change.change_id, (tx) => applyGameChange(tx, gameMaster, change));
      gameMaster.outbox.publishSoon([change.game_id]);
    },
  };
}
