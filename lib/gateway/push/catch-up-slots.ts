// Lets few streams catch up at a time, so that many that come at once do not slow down those that are live.
//
// A stream keeps its slot from its first page to the head of its log. When its client takes a page slowly it gives the
// slot to the next stream while it writes on, so slow clients hold nobody up; for its next page it then goes before
// those that have not begun.

/** How long a slot may be kept after a page was read. */
const longestWriteMs = 250;

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
  /** Those that wait: each has its slot when it is called. */
  readonly #begun = new Set<() => void>();
  readonly #new = new Set<() => void>();

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#free = options.slots;
  }

  /** @returns false when none is free. */
  takeFree(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves with a slot. @throws the refusal, or the reason of `signal` when it aborts. */
  wait(signal: AbortSignal, begun: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = begun ? this.#begun : this.#new;
      const leave = () => {
        queue.delete(enter);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const enter = () => {
        leave();
        resolve();
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const onLate = () => {
        const waiting = queue.size;
        leave();
        reject(this.#options.refusal(waiting));
      };
      const timer = begun ? undefined : setTimeout(onLate, this.#options.longestWaitMs);
      queue.add(enter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  giveBack(): void {
    const [next] = this.#begun.size > 0 ? this.#begun : this.#new;
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** One stream's catching up. */
export class CatchUpTurn {
  readonly #slots: CatchUpSlots;
  #begun = false;
  #hasSlot = false;
  #tooSlow: NodeJS.Timeout | undefined;

  constructor(slots: CatchUpSlots) {
    this.#slots = slots;
  }

  /**
   * Takes a slot to read a page, unless it has one.
   * @param signal aborts when the stream ends.
   * @returns undefined when it has it already.
   */
  begin(signal: AbortSignal): Promise<void> | undefined {
    clearTimeout(this.#tooSlow);
    this.#hasSlot ||= this.#slots.takeFree();
    if (this.#hasSlot) return undefined;
    return this.#slots.wait(signal, this.#begun).then(() => {
      this.#hasSlot = true;
    });
  }

  /** The page was read, and is being written. */
  pageRead(): void {
    this.#begun = true;
    this.#tooSlow = setTimeout(() => this.#giveBack(), longestWriteMs);
  }

  end(): void {
    clearTimeout(this.#tooSlow);
    this.#giveBack();
  }

  #giveBack(): void {
    if (!this.#hasSlot) return;
    this.#hasSlot = false;
    this.#slots.giveBack();
  }
}
