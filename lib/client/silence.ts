// Notices that the leader of the tabs is silent, as when its page is frozen or hangs. A tab that nobody looks at does not
// mind, as browsers hold its timers back.

const longestSilenceMs = 15_000;
/** So that windows side by side do not all take over together. */
const spreadMs = 2_000;

export class Silence {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #broken = new AbortController();

  /** @param left ends it. */
  constructor(left: AbortSignal) {
    const watched = globalThis.document as Document | undefined;
    watched?.addEventListener('visibilitychange', () => this.heard(), { signal: left });
    left.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Aborts after a silence that lasts too long from now on. */
  watch(): AbortSignal {
    this.#broken = new AbortController();
    this.heard();
    return this.#broken.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    const tooLong = () => {
      if (isVisible()) this.#broken.abort();
    };
    this.#timer = setTimeout(tooLong, longestSilenceMs + Math.random() * spreadMs);
  }
}

/** Workers have no document. */
function isVisible(): boolean {
  const page = globalThis.document as Document | undefined;
  return page === undefined || page.visibilityState === 'visible';
}
