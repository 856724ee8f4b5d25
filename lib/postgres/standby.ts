// After a failover the address of the primary may still lead to a server that is a standby now. It accepts connections
// and transactions, serves reads that get older and older, and refuses writes. A connection to it must be neither opened
// nor kept, or it would be used for as long as it lives, also once the address leads to the new primary.
import { servesNoWrites } from '../errors/transient-fault.ts';

/** A message of the server; which fields it has depends on its kind. */
type Message = { parameterName?: string; parameterValue?: string; code?: string };

/** What the clients of both drivers have in common. */
type Client = {
  readonly connection: { on(event: string, listener: (message: Message) => void): unknown };
  end(): Promise<void>;
};

const standbys = new WeakSet<object>();

/** To be called before the client connects. It ends its connection when the server has refused a write. */
export function watchServer(client: Client): void {
  const { connection } = client;
  connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
    if (parameterName !== 'in_hot_standby') return;
    if (parameterValue === 'on') standbys.add(client);
    else standbys.delete(client);
  });
  connection.on('errorMessage', ({ code }) => {
    // Once the driver has passed the error on. The transaction is left open, so that a pooler gives up its connection to
    // that server, too.
    if (servesNoWrites(code)) queueMicrotask(() => void client.end());
  });
}

/** @throws Error when the server said on connecting that it is a standby. */
export function refuseStandby(client: object): void {
  if (!standbys.has(client)) return;
  const message = 'the server is a standby, which serves no writes; the address should lead to the primary';
  throw Object.assign(new Error(message), { code: '25006' });
}
