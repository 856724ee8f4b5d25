// The client's connection to the gateway's authenticated gRPC listener.
//
// Guarantees: a link that is silent is noticed within three halves of the ping interval, 15 s, and what waits on it
// fails; a lost connection is opened again within a few seconds after the gateway can be reached, however long it was
// away; an attempt that hangs is given up.
import { type ChannelOptions, connectivityState, credentials } from '@grpc/grpc-js';
import { EdgeGatewayClient } from '../protocol/generated/galaxy/gateway/v1/gateway.ts';

const longestReconnectPauseMs = 3_000;
/** gRPC bounds no attempt: it waits for the system's two minutes, or for ever when the peer accepts and says nothing. */
const attemptMs = 5_000;

export type ConnectionOptions = {
  /** host:port. */
  grpcAddr: string;
  /** PEM of the authorities to trust, in place of the system's; without `tls` the connection is not encrypted. */
  tls: { ca?: string } | undefined;
  /** Between two pings while something waits for the gateway; it has half of that to respond. */
  pingIntervalMs: number;
};

export class Connection {
  readonly #open: () => EdgeGatewayClient;
  #client: EdgeGatewayClient;
  #closed = false;

  constructor({ grpcAddr, tls, pingIntervalMs }: ConnectionOptions) {
    const options: ChannelOptions = {
      'grpc.keepalive_time_ms': pingIntervalMs,
      'grpc.keepalive_timeout_ms': pingIntervalMs / 2,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': longestReconnectPauseMs,
      'grpc.dns_min_time_between_resolutions_ms': 1_000,
      // A connection that is replaced must not be found again.
      'grpc.use_local_subchannel_pool': 1,
    };
    const secure = tls && credentials.createSsl(tls.ca === undefined ? null : Buffer.from(tls.ca));
    this.#open = () => new EdgeGatewayClient(grpcAddr, secure ?? credentials.createInsecure(), options);
    this.#client = this.#open();
  }

  /** For calls that fail when there is no connection. */
  get client(): EdgeGatewayClient {
    return this.#client;
  }

  /**
   * Waits until a call can be sent; at most `withinMs`, or until `signal` aborts: then the call says what is wrong.
   * @throws Error after `close()`.
   */
  async ready(withinMs: number, signal?: AbortSignal): Promise<void> {
    const giveUpAt = performance.now() + withinMs;
    while (!signal?.aborted) {
      const client = this.#client;
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0 || (await opens(client, Math.min(attemptMs, leftMs), signal))) return;
      if (this.#closed) throw new Error('the client is closed');
      // In any other state gRPC pauses between two attempts.
      const hangs = client.getChannel().getConnectivityState(false) === connectivityState.CONNECTING;
      if (hangs && client === this.#client) {
        this.#client = this.#open();
        client.close();
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }
}

/** @returns whether there was a connection in time. */
function opens(client: EdgeGatewayClient, withinMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const aborted = () => resolve(false);
    signal?.addEventListener('abort', aborted, { once: true });
    client.waitForReady(Date.now() + withinMs, (error) => {
      signal?.removeEventListener('abort', aborted);
      resolve(error === undefined);
    });
  });
}
