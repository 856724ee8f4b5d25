import { expect, test } from 'vitest';
import { withClient } from '../../infra/local/postgres.ts';
import { createTestDatabase, type Template } from '../support/stores/database.ts';
import { createTestRedis } from '../support/stores/redis.ts';
import { openDatabase } from '../support/stores/redis-databases.ts';

let templates = 0;

/** A template that nobody else uses, which counts how often it is migrated and fails the first `failures` times. */
function countingTemplate(failures = 0): Template & { migrations: () => number } {
  let count = 0;
  templates += 1;
  return {
    name: `counting_${process.pid}_${templates}`,
    migrations: () => count,
    migrate: (dsn) =>
      withClient(dsn, async (client) => {
        count += 1;
        await client.query('create table planets (name text)');
        if (count <= failures) throw new Error('this migration is broken');
      }),
  };
}

const planets = (dsn: string) =>
  withClient(dsn, async (client) => (await client.query('select name from planets')).rows);

test('a template is migrated once, however many files want it at the same time', async () => {
  const template = countingTemplate();
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase(template)));
  expect(template.migrations()).toBe(1);
  for (const { dsn } of databases) expect(await planets(dsn)).toEqual([]);
  await Promise.all(databases.map((database) => database.drop()));
});

test('databases of one template do not see each other', async () => {
  const template = countingTemplate();
  const first = await createTestDatabase(template);
  const second = await createTestDatabase(template);
  await withClient(first.dsn, (client) => client.query(`insert into planets values ('Terra')`));
  expect(await planets(first.dsn)).toEqual([{ name: 'Terra' }]);
  expect(await planets(second.dsn)).toEqual([]);
  await Promise.all([first.drop(), second.drop()]);
});

test('a template whose migration fails is not used half made', async () => {
  const template = countingTemplate(1);
  await expect(createTestDatabase(template)).rejects.toThrow('this migration is broken');
  const database = await createTestDatabase(template);
  expect(await planets(database.dsn)).toEqual([]);
  await database.drop();
});

test('a dropped database has gone, also when a session still uses it', async () => {
  const database = await createTestDatabase();
  await withClient(database.dsn, async (client) => {
    await client.query('select 1');
    await database.drop();
    await expect(client.query('select 1')).rejects.toThrow();
  });
  await expect(withClient(database.dsn, async () => {})).rejects.toThrow(/does not exist/);
});

test('two Redis databases do not see each other, and a dropped one is empty', async () => {
  const [first, second] = await Promise.all([createTestRedis(), createTestRedis()]);
  expect(first.db).not.toBe(second.db);
  const client = await openDatabase(first, first.db);
  const other = await openDatabase(second, second.db);
  await client.set('stream', 'of the first');
  expect(await other.get('stream')).toBeNull();

  await first.drop();
  expect(await client.dbsize()).toBe(0);
  client.disconnect();
  other.disconnect();
  await second.drop();
});
