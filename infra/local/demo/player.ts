// A player of the demo: a client of the gateway, and everything that its stream of events has brought so far.
import { setTimeout as delay } from 'node:timers/promises';
import { grpcTransport } from '../../../lib/client/grpc-transport.ts';
import {
  type CommandResult,
  type DeviceKeys,
  type EventType,
  GalaxyClient,
  type Gateway,
  GatewayError,
  memoryKeys,
  type PlayerEvent,
  type Schemas,
} from '../../../lib/client/node.ts';
import type { CommandRequest, Transport } from '../../../lib/client/transport.ts';
import { mailedCode } from '../log-lines.ts';

const eventTimeoutMs = 120_000;
const pingIntervalMs = 10_000;

type Named = { name: string; raceName: string; email: string };
type EventOf<Type extends EventType> = PlayerEvent & { eventType: Type; payload: Schemas['events'][Type] };

export const print = (line: string) => process.stdout.write(`${line}\n`);
export const heading = (text: string) => print(`\n${text}`);

/** Stops the demo with a sentence about what is off. */
export function check(holds: boolean, expectation: string): asserts holds {
  if (!holds) throw new Error(`the demo expected that ${expectation}`);
}

export class Player {
  readonly name: string;
  readonly raceName: string;
  readonly email: string;
  readonly client: GalaxyClient;
  readonly transport: Transport;
  /** As it was sent. */
  lastRequest: CommandRequest | undefined;
  /** In the order in which they came, each with the gateway's signature checked. */
  readonly events: PlayerEvent[] = [];
  readonly #over = new AbortController();
  #following: Promise<string> = Promise.resolve('');

  private constructor({ httpUrl, grpcAddr }: Gateway, named: Named, keys: DeviceKeys) {
    this.name = named.name;
    this.raceName = named.raceName;
    this.email = named.email;
    this.transport = grpcTransport({ grpcAddr, tls: undefined, pingIntervalMs });
    const transport: Transport = {
      ...this.transport,
      unary: (request, timeoutMs) => {
        this.lastRequest = request;
        return this.transport.unary(request, timeoutMs);
      },
    };
    this.client = new GalaxyClient({ transport, httpUrl, keys });
  }

  static async create(gateway: Gateway, named: Named): Promise<Player> {
    return new Player(gateway, named, await memoryKeys());
  }

  says(what: string): void {
    print(`  ${this.name.padEnd(6)} ${what}`);
  }

  async signIn(mailLog: string): Promise<void> {
    const challengeId = await this.client.sendEmailCode(this.email);
    const code = await mailedCode(mailLog, challengeId);
    await this.client.confirmEmailCode(challengeId, code, 'demo');
    this.says(`signs in as ${this.email} with the code ${code}`);
  }

  /** Follows the player's events from now on; resolves once the stream is live. */
  async follow(): Promise<void> {
    const items = this.client.events({ signal: this.#over.signal });
    const hello = await items.next();
    check(!hello.done && hello.value.kind === 'hello', 'a stream of events begins with a hello');
    this.says('follows the events');
    const collect = async () => {
      for await (const item of items) if (item.kind === 'event') this.events.push(item);
    };
    this.#following = refusal(collect());
  }

  /** Waits for an event of one of these types. @throws Error when none comes. */
  async hears<Type extends EventType>(
    eventTypes: readonly Type[],
    about: (payload: Schemas['events'][Type]) => boolean,
  ): Promise<EventOf<Type>> {
    const isOf = (event: PlayerEvent): event is EventOf<Type> =>
      eventTypes.some((type) => type === event.eventType);
    const deadline = Date.now() + eventTimeoutMs;
    while (Date.now() < deadline) {
      const heard = this.events.filter(isOf).find(({ payload }) => about(payload));
      if (heard !== undefined) return heard;
      await delay(20);
    }
    const heard = this.events.map((event) => event.eventType).join(', ') || 'nothing';
    throw new Error(
      `${this.name} heard no ${eventTypes.join(' or ')} within ${eventTimeoutMs / 1_000} s, but ${heard}`,
    );
  }

  /** Why the stream of events has ended. */
  get streamEnd(): Promise<string> {
    return this.#following;
  }

  /** The payload of a command's response. @throws Error when it is refused. */
  async does(messageType: string, payload: object): Promise<CommandResult['payload']> {
    const result = await this.client.execute(messageType, payload);
    check(
      result.resultCode === 'ok',
      `${messageType} of ${this.name} succeeds; got ${result.resultCode}: ${JSON.stringify(result.payload)}`,
    );
    return result.payload;
  }

  async leave(): Promise<void> {
    this.#over.abort();
    await this.#following;
    this.client.close();
  }
}

/** The gateway's reason for refusing something; `accepted` if it did not. */
export async function refusal(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return 'accepted';
  } catch (error) {
    if (error instanceof GatewayError) return error.reason;
    throw error;
  }
}
