// Lets few streams catch up at a time, so that many that come at once do not slow down those that are live.
//
// A stream keeps its slot from its first page to the head of its log. When its client takes a page slowly it gives the
// slot to the next stream while it writes on, so slow clients hold nobody up; for its next page it then goes before
// those that have not begun.

/** How long a slot is kept while a client takes one event, and while it takes a page. */
const longestEventMs = 250;
const longestPageMs = 1_000;

export type SlotOptions = {
  slots: number;
  /** How long a stream may wait for its first page. */
  longestWaitMs: number;
  /** What a stream gets that waited longer. @param allServedMs how long the slots need for those that wait. */
  refusal: (allServedMs: number) => Error;
};

export class CatchUpSlots {
  readonly #options: SlotOptions;
  #free: number;
  /** How many streams have got their first slot by waiting. */
  #served = 0;
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
      const servedBefore = this.#served;
      const { longestWaitMs, refusal } = this.#options;
      const onLate = () => {
        const served = Math.max(1, this.#served - servedBefore);
        reject(refusal((queue.size * longestWaitMs) / served));
        leave();
      };
      const timer = begun ? undefined : setTimeout(onLate, longestWaitMs);
      queue.add(enter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  giveBack(): void {
    const [begun] = this.#begun;
    const [next] = this.#new;
    if (begun !== undefined) begun();
    else if (next !== undefined) {
      this.#served += 1;
      next();
    } else this.#free += 1;
  }
}

/** One stream's catching up. */
export class CatchUpTurn {
  readonly #slots: CatchUpSlots;
  #begun = false;
  #hasSlot = false;
  #pageReadAt = 0;
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
    this.#pageReadAt = performance.now();
    this.#tooSlow = setTimeout(() => this.#giveBack(), longestEventMs);
  }

  /** The client has taken an event of the page. */
  eventTaken(): void {
    if (performance.now() - this.#pageReadAt > longestPageMs) this.#giveBack();
    else if (this.#hasSlot) this.#tooSlow?.refresh();
  }

  end(): void {
    this.#giveBack();
  }

  #giveBack(): void {
    clearTimeout(this.#tooSlow);
    if (!this.#hasSlot) return;
    this.#hasSlot = false;
    this.#slots.giveBack();
  }
}
