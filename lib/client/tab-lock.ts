// The lock of the tab that leads.

/**
 * Does `work` while this tab holds the lock.
 * @param options.signal withdraws a request that waits. @param options.steal takes the lock from the tab that holds it.
 * @returns when `work` has ended, when another tab has taken the lock, or when `signal` aborted before.
 * @throws what `work` throws.
 */
export async function holdLock(
  name: string,
  options: { signal: AbortSignal } | { steal: true },
  work: (lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController();
  let working = Promise.resolve();
  try {
    await navigator.locks.request(name, options, () => {
      working = work(lost.signal);
      return working;
    });
  } catch (error) {
    const isWithdrawn = 'signal' in options && options.signal.aborted;
    if (!isWithdrawn && !isAbort(error)) throw error;
  }
  lost.abort();
  await working;
}

/** Whether other tabs wait for the lock. */
export async function isContended(name: string): Promise<boolean> {
  const { pending = [] } = await navigator.locks.query();
  return pending.some((lock) => lock.name === name);
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
