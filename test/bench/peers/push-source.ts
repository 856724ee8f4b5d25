// The push service as the gateway sees it, without a log behind it: frames that were made before are sent when a wave
// is asked for. One wave is one event to every user.
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import {
  PushEvent,
  PushService,
  type ReadUserEventsRequest,
  type ReadUserEventsResponse,
  type SubscribePushRequest,
} from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';

const heartbeatMs = 5_000;
export const eventType = 'lobby.application.approved';
export const payloadBytes = Buffer.from(
  JSON.stringify({
    game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
    application_id: '01930f3c-7b1a-7000-8000-0000000000ab',
    membership_id: '01930f3c-7b1a-7000-8000-0000000000ac',
    race_name: 'Aldebaran Concord',
  }),
);
const life = '0123456789abcdef';
const digits = (value: number) => value.toString(36).padStart(9, '0');

/** The id of a wave's event, the same for every user. */
export const eventIdOf = (wave: number) => `e${life}-${digits(wave)}-0000000`;

export class PushSource {
  #userIds: readonly string[] = [];
  #gateway: ServerDuplexStream<SubscribePushRequest, Buffer> | undefined;
  readonly #subscribed = Promise.withResolvers<void>();
  /** Resolves when a gateway has subscribed. */
  readonly subscribed = this.#subscribed.promise;
  #made = 0;
  #sent = 0;
  #frames = 0;
  readonly #waves: Buffer[][] = [];

  /** @returns host:port. */
  async listen(): Promise<string> {
    const server = new Server({ 'grpc.enable_channelz': 0 });
    const subscribePush: handleBidiStreamingCall<SubscribePushRequest, Buffer> = (call) => this.#serve(call);
    const readUserEvents: handleUnaryCall<ReadUserEventsRequest, ReadUserEventsResponse> = (call, callback) =>
      callback(null, { found: call.request.afterEventId === '', events: [], headEventId: this.headEventId });
    server.addService(
      {
        ...PushService,
        subscribePush: { ...PushService.subscribePush, responseSerialize: (bytes: Buffer) => bytes },
      },
      { subscribePush, readUserEvents },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    setInterval(
      () => this.#write({ $case: 'heartbeat', value: { timestampMs: BigInt(Date.now()), ageMs: 0n } }),
      heartbeatMs,
    ).unref();
    return `127.0.0.1:${port}`;
  }

  /** Who gets an event in every wave. */
  addressTo(userIds: readonly string[]): void {
    this.#userIds = userIds;
  }

  /** Id of the last event that was sent. */
  get headEventId(): string {
    return eventIdOf(this.#sent);
  }

  /** Makes the frames of the next waves. */
  prepare(waves: number): void {
    while (this.#waves.length < waves) {
      this.#made += 1;
      const [eventId, prevEventId] = [eventIdOf(this.#made), eventIdOf(this.#made - 1)];
      this.#waves.push(
        this.#userIds.map((recipientUserId) =>
          this.#encode({
            $case: 'clientEvent',
            value: {
              eventId,
              prevEventId,
              recipientUserId,
              eventType,
              timestampMs: BigInt(Date.now()),
              payloadBytes,
              traceparent: '',
            },
          }),
        ),
      );
    }
  }

  sendWave(): void {
    const wave = this.#waves.shift();
    if (wave === undefined || this.#gateway === undefined)
      throw new Error('no wave is prepared, or no gateway is subscribed');
    this.#sent += 1;
    for (const frame of wave) this.#gateway.write(frame);
  }

  #serve(call: ServerDuplexStream<SubscribePushRequest, Buffer>): void {
    this.#gateway = call;
    call.on('error', () => undefined);
    call.on('end', () => call.end());
    call.resume();
    this.#write(undefined);
    this.#subscribed.resolve();
  }

  #write(event: PushEvent['event']): void {
    this.#gateway?.write(this.#encode(event));
  }

  #encode(event: PushEvent['event']): Buffer {
    this.#frames += 1;
    return Buffer.from(
      PushEvent.encode({ cursor: `c${life}-${digits(this.#frames)}-0000000`, event }).finish(),
    );
  }
}
