// How PostgreSQL carries out the code's statements: which rows and pages they touch.
import pg from 'pg';
import { type Statement, statementsOf } from './statements.ts';

export type Plan = {
  readonly statement: string;
  /** Tables that were read from one end to the other. */
  readonly scannedTables: string[];
  /** Rows that were read from tables and indexes, filtered ones included. */
  readonly rowsRead: number;
  /** Pages of 8 KiB that were read. */
  readonly pagesRead: number;
  /** The output of EXPLAIN, for failure messages. */
  readonly text: string;
};

/**
 * The plans of the statements that `work` runs on any connection of this process, each run once more and rolled back.
 * A statement that is prepared by name has two: the plan for its values, and the generic plan, which PostgreSQL may
 * choose after some executions. Inserts are left out, since they cannot run twice.
 */
export async function plansOf(pool: pg.Pool, work: () => Promise<unknown>): Promise<Plan[]> {
  const statements = await statementsOf(work);
  const plans: Plan[] = [];
  for (const statement of statements) {
    if (!/^[\s(]*(select|with|update|delete)\b/i.test(statement.text)) continue;
    plans.push(await planOf(pool, statement));
    if (statement.name !== undefined && statement.name !== '')
      plans.push(await genericPlanOf(pool, statement));
  }
  return plans;
}

type Node = {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Node[];
};

const explain = 'explain (analyze, buffers, timing off, costs off, format json)';

function planOf(pool: pg.Pool, { text, values }: Statement): Promise<Plan> {
  return undone(pool, (client) => explained(client, text, `${explain} ${text}`, values));
}

function genericPlanOf(pool: pg.Pool, { text, values }: Statement): Promise<Plan> {
  return undone(pool, async (client) => {
    await client.query('set local plan_cache_mode = force_generic_plan');
    await client.query(`prepare any_values as ${text}`);
    try {
      // EXPLAIN takes no parameters.
      const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
      return await explained(client, text, `${explain} execute any_values ${given}`, []);
    } finally {
      await client.query('deallocate any_values');
    }
  });
}

function literal(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value))
    return pg.escapeLiteral(`{${value.map((item) => JSON.stringify(item)).join(',')}}`);
  return pg.escapeLiteral(value instanceof Date ? value.toISOString() : String(value));
}

async function undone<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    return await work(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function explained(
  client: pg.PoolClient,
  statement: string,
  question: string,
  values: readonly unknown[],
): Promise<Plan> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(question, [...values]);
  const root = rows[0]?.['QUERY PLAN'][0].Plan;
  if (root === undefined) throw new Error(`there is no plan of ${statement}`);
  const nodes = nodesOf(root);
  const scans = nodes.filter(
    (node) => node['Relation Name'] !== undefined || /Bitmap Index/.test(node['Node Type']),
  );
  return {
    statement,
    scannedTables: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name'] ?? ''),
    rowsRead: scans.reduce((sum, node) => sum + rowsOf(node), 0),
    pagesRead: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    text: JSON.stringify(root, null, 1),
  };
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function rowsOf(node: Node): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return Math.ceil((node['Actual Rows'] + removed) * node['Actual Loops']);
}
