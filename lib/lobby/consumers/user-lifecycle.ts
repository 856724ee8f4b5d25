// Consumer of `user:lifecycle_events`: takes everything in the lobby from users who were blocked permanently or are
// gone. See operations/remove-user.ts.
import { type UserLifecycleEvent, userLifecycleEntry } from '../../protocol/user-lifecycle.ts';
import type { Consumer } from '../../streams/consumer.ts';
import type { ConsumerStream } from '../../streams/offset.ts';
import type { Lobby } from '../context.ts';
import { removeUser } from '../operations/remove-user.ts';
import type { TransitionParts } from '../operations/transition.ts';
import type { Tx } from '../store/database.ts';

export function userLifecycleConsumer(
  lobby: TransitionParts & Pick<Lobby, 'db' | 'now'>,
  stream: ConsumerStream,
): Consumer<UserLifecycleEvent, Tx> {
  return {
    ...stream,
    entry: userLifecycleEntry,
    orderingKey: (event) => event.user_id,
    async handle(event, { traceparent, transaction, apply }) {
      const { user_id: userId, event_type, reason_code, address_hash: addressHash } = event;
      const reason = reason_code === '' ? event_type : `${event_type}: ${reason_code}`;
      await removeUser(lobby, { userId, reason, addressHash, traceparent }, transaction);
      await apply(event.event_id, async () => {});
    },
  };
}
