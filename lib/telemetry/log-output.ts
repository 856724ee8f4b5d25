// Where log lines go: a file descriptor whose reader may be slow, stopped or dead, and must not stop the process.
//
// Lines below `warn` are collected and written once per turn of the event loop. A line of `warn` or above is written at
// once, with all that waits before it, and so is everything at the end of the process. A full pipe is waited for
// briefly, and once until it was emptied; what does not fit then waits, within a bound, and beyond that is dropped and
// counted. A reader that has died (EPIPE) ends the output for good.
import { Instruments } from './instruments.ts';

// Not imported: all code that names the type `Logger` would count as code that needs Node.
const { constants, fstatSync, openSync, writeSync } = process.getBuiltinModule('node:fs');

/** pino sets `lastLevel` of a destination that has it. */
const metadata: unique symbol = Symbol.for('pino.metadata');
const warnLevel = 40;
/** How many characters may wait; twice as many with lines of `warn` and above. */
const maxWaiting = 1024 * 1024;
const maxWrite = 64 * 1024;
const retryMs = 100;
const pauseMs = 5;
/** How long a line of `warn` or above, and the end of the process, wait for a full pipe. */
const patienceMs = { warning: 50, end: 1_000 };

export const logInstruments = new Instruments('galaxy.logs');
const linesDropped = logInstruments.counter(
  'log_lines_dropped_total',
  [],
  'Log lines that were dropped, because nothing read standard output fast enough.',
);

const pausing = new Int32Array(new SharedArrayBuffer(4));

export class LogOutput {
  readonly [metadata] = true;
  lastLevel = 0;
  /** Called when all that waited was written after lines were dropped, with their number. */
  onDrops: (dropped: number) => void = () => undefined;
  readonly #fd: number;
  readonly #lines: string[] = [];
  /** What is left of the lines that were being written when the pipe was full. */
  #rest: Buffer | undefined;
  #waiting = 0;
  /** Lines that were dropped and not reported yet. */
  #dropped = 0;
  #stuck = false;
  #broken = false;
  #scheduled = false;

  /** @param fd should not block; see `nonBlockingOutput`. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    const urgent = this.lastLevel >= warnLevel;
    const max = (urgent ? 2 : 1) * maxWaiting - line.length;
    if (this.#waiting > max && !this.#stuck) this.#flush(0);
    if (this.#broken || this.#waiting > max) {
      this.#drop(1);
      return;
    }
    this.#lines.push(line);
    this.#waiting += line.length;
    if (urgent) this.#flush(patienceMs.warning);
    else this.#schedule();
  }

  /** pino calls it after a fatal line; called at the end of the process, too. */
  flushSync(): void {
    this.#stuck = false;
    this.#flush(patienceMs.end);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = () => {
      this.#scheduled = false;
      this.#flush(0);
    };
    if (this.#stuck) setTimeout(flush, retryMs).unref();
    else setImmediate(flush);
  }

  #flush(waitMs: number): void {
    const giveUpAt = performance.now() + (this.#stuck ? 0 : waitMs);
    while (this.#rest !== undefined || this.#lines.length > 0) {
      if (this.#writeSome()) continue;
      if (performance.now() < giveUpAt) Atomics.wait(pausing, 0, 0, pauseMs);
      else {
        this.#stuck = true;
        this.#schedule();
        return;
      }
    }
    this.#stuck = false;
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0 && !this.#broken) this.onDrops(dropped);
  }

  /** Returns whether anything could be written. */
  #writeSome(): boolean {
    const bytes = this.#rest ?? this.#takeLines();
    try {
      const written = writeSync(this.#fd, bytes);
      this.#rest = written < bytes.length ? bytes.subarray(written) : undefined;
      return true;
    } catch (error) {
      this.#rest = bytes;
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') return false;
      this.#break();
      return true;
    }
  }

  #takeLines(): Buffer {
    let count = 0;
    let length = 0;
    while (count < this.#lines.length && length < maxWrite) length += this.#lines[count++]?.length ?? 0;
    this.#waiting -= length;
    return Buffer.from(this.#lines.splice(0, count).join(''));
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    linesDropped.add(lines);
  }

  #break(): void {
    this.#broken = true;
    this.#drop(this.#lines.length);
    this.#lines.length = 0;
    this.#rest = undefined;
    this.#waiting = 0;
  }
}

/**
 * A descriptor of standard output on which a write fails rather than waits. Standard output itself may be shared with
 * other processes, and with it whether writes wait; so a pipe or terminal is opened once more where the system can.
 * Elsewhere, and for a socket, Node's own stream makes standard output non-blocking. A file never waits for a reader.
 */
export function nonBlockingOutput(): number {
  // The stack of an uncaught exception must not wait for a reader either.
  void process.stderr;
  try {
    if (fstatSync(1).isFile()) return 1;
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    void process.stdout;
    return 1;
  }
}
