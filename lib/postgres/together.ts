import type { OnSession } from './statement.ts';

const pipelined = new WeakSet<object>();

/** Its connection takes statements while others run on it. */
export function allowTogether({ _: { session } }: OnSession): void {
  pipelined.add(session);
}

type Results<Statements extends readonly (() => Promise<unknown>)[]> = {
  -readonly [Index in keyof Statements]: Awaited<ReturnType<Statements[Index]>>;
};

/**
 * Sends statements of a transaction in this order, and waits for the results of all. They are sent at once where the
 * connection allows it, so that client and server wake up once for all of them; so none may need the result of another,
 * and each must do no harm when those before it turn out to have been in vain. PostgreSQL runs one after the other, and
 * none after one that failed.
 * @throws what the first that failed has thrown.
 */
export async function together<const Statements extends readonly (() => Promise<unknown>)[]>(
  tx: OnSession,
  ...statements: Statements
): Promise<Results<Statements>> {
  const results: unknown[] = [];
  if (pipelined.has(tx._.session)) {
    for (const settled of await Promise.allSettled(statements.map(async (send) => send()))) {
      // Those behind it failed because the transaction had.
      if (settled.status === 'rejected') throw settled.reason;
      results.push(settled.value);
    }
  } else {
    for (const send of statements) results.push(await send());
  }
  return results as Results<Statements>;
}
