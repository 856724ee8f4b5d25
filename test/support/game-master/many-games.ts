// Fills the Game Master's tables with games that run, for tests and benchmarks of work that must not depend on their
// number.
import type pg from 'pg';
import { type Columns, idOf, insertRows, randomId } from '../stores/many-rows.ts';
import { manifest } from './bid-engine.ts';

export const seatsOfEach = 2;

const defaults: Columns = {
  game_id: idOf('n'),
  runtime_job_id: idOf(`n + ${2 ** 32}`),
  container_id: `'container'`,
  engine_endpoint: `'http://127.0.0.1:1'`,
  game_name: `'Game ' || n`,
  time_zone: `'UTC'`,
  turn_seconds: '86400',
  early: `'all_ready'`,
  spectators: 'false',
  options: `'{}'`,
  seed: `decode(md5(n::text) || md5((-n)::text), 'hex')`,
  manifest: `'${JSON.stringify(manifest)}'`,
  status: `'running'`,
  phase: `'open'`,
  opened_at: 'now()',
  due_at: `now() + interval '1 day' + n * interval '1 second'`,
  next_attempt_at: `now() + interval '1 day' + n * interval '1 second'`,
  awaiting: `'{1,2}'`,
};

/** Inserts games 1 to `count`, each with two seats. By default the first turn is open, and due tomorrow. */
export async function insertRunningGames(
  client: pg.ClientBase | pg.Pool,
  count: number,
  columns: Columns = {},
): Promise<void> {
  const series = `generate_series(1, ${count}) n`;
  await insertRows(client, 'game_master.games', series, { ...defaults, ...columns });
  await insertRows(client, 'game_master.seats', `${series} cross join generate_series(1, ${seatsOfEach}) s`, {
    game_id: idOf('n'),
    seat: 's',
    user_id: randomId(`n * ${seatsOfEach} + s`),
    label: `'Race ' || s`,
  });
}
