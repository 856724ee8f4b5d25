// The sockets of a listener, from accept to close: how many there are, and which have not yet said what they want. A
// socket takes a place from the moment it is accepted, so clients that connect and stay silent run into the same bound
// as all others, and they are the first to give way.
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

  /** Takes a socket that was just accepted; false when there is no place for it, and it was cut. */
  admit(socket: Socket): boolean {
    if (this.#open.size >= this.#bounds.max && !this.#makePlace()) {
      // With a reset, which leaves nothing waiting in the kernel.
      socket.resetAndDestroy();
      return false;
    }
    this.#open.add(socket);
    this.#waiting.set(
      socket,
      setTimeout(() => socket.destroy(), this.#bounds.handshakeTimeoutMs),
    );
    this.#bounds.onOpened?.();
    // A peer that breaks its connection is no fault of ours; 'close' follows and gives the place back.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#forget(socket);
      this.#bounds.onClosed?.();
    });
    return true;
  }

  /** The socket's handshake is over; it may stay as long as its protocol lets it. */
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

  /** Cuts the connection that has been silent longest; false when none is. */
  #makePlace(): boolean {
    this.#turnedAway += 1;
    this.#logTimer ??= setTimeout(() => this.#tellTurnedAway(), logEveryMs).unref();
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

  #tellTurnedAway(): void {
    this.#log.warn(
      { turned_away: this.#turnedAway, open: this.#open.size, max: this.#bounds.max },
      'connections were turned away: as many are open as may be',
    );
    this.#turnedAway = 0;
    this.#logTimer = undefined;
  }
}
