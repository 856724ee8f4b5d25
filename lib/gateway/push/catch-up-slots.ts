// Lets few streams catch up at a time, so that many that come at once do not slow down those that are live.
//
// A slot is for one page: read, signed, written. A stream whose client takes its page slowly gives the slot to the next
// one while it writes on, so slow clients hold nobody up. One that has begun goes before those that have not: what was
// read for it must not be read again.

/** How long a slot may be held once the page was read. */
const longestWriteMs = 250;

export type Slot = {
  /** The page was read. */
  pageRead(): void;
  release(): void;
};

export type SlotOptions = {
  slots: number;
  /** How long a stream may wait for its first page. */
  longestWaitMs: number;
  /** What a stream gets that waited longer, when as many wait. */
  refusal: (waiting: number) => Error;
};

export class CatchUpSlots {
  readonly #options: SlotOptions;
  #free: number;
  /** Those that wait: each takes its slot when it is called. */
  readonly #begun = new Set<() => void>();
  readonly #new = new Set<() => void>();

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#free = options.slots;
  }

  /** A slot, if one is free. */
  takeFree(): Slot | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return this.#slot();
  }

  /**
   * Waits for a slot.
   * @param begun whether the stream has had a page.
   * @throws the refusal, or the reason of `signal` when it aborts.
   */
  wait(signal: AbortSignal, begun: boolean): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const queue = begun ? this.#begun : this.#new;
      const leave = () => {
        queue.delete(enter);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const enter = () => {
        leave();
        resolve(this.#slot());
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const onLate = () => {
        const waiting = this.#new.size;
        leave();
        reject(this.#options.refusal(waiting));
      };
      const timer = begun ? undefined : setTimeout(onLate, this.#options.longestWaitMs);
      queue.add(enter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #slot(): Slot {
    let held = true;
    let timer: NodeJS.Timeout | undefined;
    const release = () => {
      if (!held) return;
      held = false;
      clearTimeout(timer);
      this.#next();
    };
    return {
      pageRead: () => {
        timer = setTimeout(release, longestWriteMs);
      },
      release,
    };
  }

  #next(): void {
    const [next] = this.#begun.size > 0 ? this.#begun : this.#new;
    if (next === undefined) this.#free += 1;
    else next();
  }
}
