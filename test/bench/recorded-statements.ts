// Statements that were recorded once, sent again straight on the driver with other ids: the floor of what sent them first.
import type pg from 'pg';
import type { Statement } from '../support/stores/statements.ts';

/** A recorded value: always the same, or made of the ids of the turn. */
type Value = unknown | ((ids: Ids) => unknown);
export type Ids = readonly string[];
export type Step = { text: string; name?: string; values: Value[] };

/**
 * Makes steps of statements: wherever a value has an id of the recording, it gets the one of the turn in its place.
 * @param recorded ids, and numbers as text.
 */
export function stepsOf(statements: readonly Statement[], recorded: Ids): Step[] {
  const toValue = (value: unknown): Value => {
    if (typeof value === 'number') {
      const number = recorded.indexOf(String(value));
      return number < 0 ? value : (ids: Ids) => Number(ids[number]);
    }
    if (typeof value !== 'string') return value;
    const whole = recorded.indexOf(value);
    if (whole >= 0) return (ids: Ids) => ids[whole];
    const within = recorded.flatMap((id, index) => (value.includes(id) ? [index] : []));
    if (within.length === 0) return value;
    return (ids: Ids) =>
      within.reduce((text, index) => text.replaceAll(recorded[index] ?? '', ids[index] ?? ''), value);
  };
  return statements.map(({ values, ...statement }) => ({ ...statement, values: values.map(toValue) }));
}

export async function send(client: pg.Pool | pg.PoolClient, { values, ...step }: Step, ids: Ids) {
  const result = await client.query({
    ...step,
    values: values.map((value) => (typeof value === 'function' ? value(ids) : value)),
  });
  const changes = /^(insert|update)/i.test(step.text);
  if (changes && result.rowCount === 0) throw new Error(`nothing was changed by ${step.text}`);
  return result;
}

/** Sends statements one by one; those between begin and commit on one connection. */
export async function sendAll(pool: pg.Pool, steps: readonly Step[], ids: Ids): Promise<void> {
  let client: pg.PoolClient | undefined;
  try {
    for (const step of steps) {
      if (step.text === 'begin') client = await pool.connect();
      await send(client ?? pool, step, ids);
      if (step.text !== 'commit') continue;
      client?.release();
      client = undefined;
    }
  } finally {
    client?.release(true);
  }
}
