// Runs tasks: those with one key one after the other, in the order in which they were added; those with different keys
// concurrently, up to a limit. Keys take turns. A task that wants to be tried again later keeps its key waiting, but no
// place.

/** undefined when the task is done; otherwise when to run it again. */
export type Again = { readonly afterMs: number } | undefined;

type Task = () => Promise<Again>;

export class KeyedWork {
  readonly #atOnce: number;
  readonly #onFailure: (error: unknown) => void;
  /** What has not been done, by key. A key without tasks is not in it. */
  readonly #tasks = new Map<string, Task[]>();
  /** Keys whose next task may begin. */
  readonly #ready: string[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #ended = false;

  /** @param onFailure called when a task rejects; later tasks of its key do not run. */
  constructor(atOnce: number, onFailure: (error: unknown) => void) {
    this.#atOnce = atOnce;
    this.#onFailure = onFailure;
  }

  has(key: string): boolean {
    return this.#tasks.has(key);
  }

  add(key: string, task: Task): void {
    const ofKey = this.#tasks.get(key);
    if (ofKey !== undefined) {
      ofKey.push(task);
      return;
    }
    this.#tasks.set(key, [task]);
    this.#makeReady(key);
  }

  /** Begins no further task. Resolves when the running ones have ended. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    await Promise.all(this.#running);
  }

  #makeReady(key: string): void {
    this.#ready.push(key);
    this.#beginSome();
  }

  #beginSome(): void {
    while (!this.#ended && this.#running.size < this.#atOnce) {
      const key = this.#ready.shift();
      if (key === undefined) return;
      const running = this.#runNextOf(key).finally(() => {
        this.#running.delete(running);
        this.#beginSome();
      });
      this.#running.add(running);
    }
  }

  async #runNextOf(key: string): Promise<void> {
    const ofKey = this.#tasks.get(key);
    const task = ofKey?.[0];
    if (ofKey === undefined || task === undefined) return;
    try {
      const again = await task();
      if (again !== undefined) {
        this.#pause(key, again.afterMs);
        return;
      }
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    ofKey.shift();
    if (ofKey.length > 0) this.#ready.push(key);
    else this.#tasks.delete(key);
  }

  #pause(key: string, ms: number): void {
    if (this.#ended) return;
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#makeReady(key);
    }, ms);
    this.#pauses.add(pause);
  }
}
