// The sockets of a listener, from accept to close: how many are open, and which have not finished their handshake. A
// socket counts from the moment it is accepted, so silent clients fall under the same bound as all others, and they are
// the first to be cut.
import type { Socket } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';

export type ConnectionBounds = {
  readonly max: number;
  /** For TLS and the first bytes of the protocol. */
  readonly handshakeTimeoutMs: number;
  readonly onOpened?: () => void;
  readonly onClosed?: () => void;
};

/** Refusals are logged together: a flood of connections must not become one of log lines. */
const logEveryMs = 10_000;

export class Connections {
  readonly #bounds: ConnectionBounds;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #open = new Set<Socket>();
  /** Sockets that have not finished their handshake, the oldest first, each with its time-out. */
  readonly #waiting = new Map<Socket, NodeJS.Timeout>();
  #turnedAway = 0;
  #logTimer: NodeJS.Timeout | undefined;

  constructor(bounds: ConnectionBounds, log: Pick<Logger, 'warn'>) {
    this.#bounds = bounds;
    this.#log = log;
  }

  /** Adds a socket that was just accepted; false when the bound was reached, and it was cut. */
  admit(socket: Socket): boolean {
    if (this.#open.size >= this.#bounds.max && !this.#cutOldestWaiting()) {
      // A reset leaves no state in the kernel.
      socket.resetAndDestroy();
      return false;
    }
    this.#open.add(socket);
    this.#waiting.set(
      socket,
      setTimeout(() => socket.destroy(), this.#bounds.handshakeTimeoutMs),
    );
    this.#bounds.onOpened?.();
    // A peer that breaks its connection is not a fault; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#forget(socket);
      this.#bounds.onClosed?.();
    });
    return true;
  }

  /** The socket's handshake is finished; from now on its protocol decides how long it stays. */
  ready(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
  }

  /** Cuts those that have not finished their handshake. */
  cutWaiting(): void {
    for (const socket of [...this.#waiting.keys()]) socket.destroy();
  }

  cutAll(): void {
    for (const socket of [...this.#open]) socket.destroy();
  }

  /** Cuts the connection that has waited longest for its handshake; false when none waits. */
  #cutOldestWaiting(): boolean {
    this.#turnedAway += 1;
    this.#logTimer ??= setTimeout(() => this.#logTurnedAway(), logEveryMs).unref();
    const [silent] = this.#waiting.keys();
    if (silent === undefined) return false;
    silent.destroy();
    this.#forget(silent);
    return true;
  }

  #forget(socket: Socket): void {
    this.ready(socket);
    this.#open.delete(socket);
  }

  #logTurnedAway(): void {
    this.#log.warn(
      { turned_away: this.#turnedAway, open: this.#open.size, max: this.#bounds.max },
      'connections were turned away: the maximum is open',
    );
    this.#turnedAway = 0;
    this.#logTimer = undefined;
  }
}
