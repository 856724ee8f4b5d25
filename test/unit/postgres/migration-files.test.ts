import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokenOnlineRules, brokenRules } from '../../support/run/migration-rules.ts';

/** Those that were generated before are as they were released. */
const rulesSince = Date.UTC(2026, 10, 30, 15);

type Journal = { readonly entries: readonly { readonly tag: string; readonly when: number }[] };

describe.each(['lobby', 'backend', 'game-master'])('the migrations of %s', (service) => {
  const folder = `drizzle/${service}/migrations`;
  const { entries } = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as Journal;
  const tags = entries.map(({ tag }) => tag);

  it('run beside writers', () => {
    const ruled = entries.filter(({ when }) => when >= rulesSince).map(({ tag }) => tag);
    expect(ruled.flatMap((tag) => brokenRules(tag, readFileSync(`${folder}/${tag}.sql`, 'utf8')))).toEqual(
      [],
    );
  });

  it('have online statements only beside a migration of the same name', () => {
    const online = readdirSync(folder).filter((name) => name.endsWith('.online.sql'));
    expect(online.filter((name) => !tags.includes(name.replace('.online.sql', '')))).toEqual([]);
    expect(online.flatMap((name) => brokenOnlineRules(readFileSync(`${folder}/${name}`, 'utf8')))).toEqual(
      [],
    );
  });

  it('are all in the journal, which is in the order of time', () => {
    const files = readdirSync(folder).filter(
      (name) => name.endsWith('.sql') && !name.endsWith('.online.sql'),
    );
    expect(files.toSorted()).toEqual(tags.map((tag) => `${tag}.sql`).toSorted());
    expect(entries.map(({ when }) => when)).toEqual(
      entries.map(({ when }) => when).toSorted((a, b) => a - b),
    );
    expect(existsSync(`${folder}/${tags[0]}.sql`)).toBe(true);
  });
});

describe('a migration', () => {
  it.each([
    [
      'a column that may be null',
      'ALTER TABLE "lobby"."games" ADD COLUMN "due_at" timestamp (3) with time zone;',
    ],
    [
      'a column with a constant default',
      `ALTER TABLE "lobby"."games" ADD COLUMN "early" text DEFAULT 'off' NOT NULL;`,
    ],
    ['a default of the time', 'ALTER TABLE "lobby"."a" ADD COLUMN "at" timestamp DEFAULT now() NOT NULL;'],
    [
      'a check that is not validated yet',
      'ALTER TABLE "lobby"."a" ADD CONSTRAINT "b" CHECK ("c" > 0) NOT VALID;',
    ],
    ['a check that is taken away', 'ALTER TABLE "lobby"."a" DROP CONSTRAINT "b";'],
    [
      'a column that need not have a value any more',
      'ALTER TABLE "lobby"."a" ALTER COLUMN "b" DROP NOT NULL;',
    ],
    ['an index that is not used any more', 'DROP INDEX "lobby"."games_newest";'],
    [
      'a table of its own, with whatever belongs to it',
      'CREATE TABLE "lobby"."a" ("b" uuid NOT NULL);\n--> statement-breakpoint\n' +
        'ALTER TABLE "lobby"."a" ADD CONSTRAINT "c" FOREIGN KEY ("b") REFERENCES "lobby"."d"("b");' +
        '--> statement-breakpoint\nCREATE INDEX "e" ON "lobby"."a" USING btree ("b");',
    ],
  ])('may add, or take away: %s', (_, sql) => {
    expect(brokenRules('0099_more', sql)).toEqual([]);
  });

  it.each([
    ['an index that stops writes', 'CREATE INDEX "a" ON "lobby"."games" USING btree ("b");'],
    ['a unique one', 'CREATE UNIQUE INDEX "a" ON "lobby"."games" USING btree ("b");'],
    [
      'a generated column',
      'ALTER TABLE "lobby"."games" ADD COLUMN "a" text GENERATED ALWAYS AS ("b") STORED;',
    ],
    [
      'an identity',
      'ALTER TABLE "lobby"."games" ADD COLUMN "a" bigint GENERATED ALWAYS AS IDENTITY NOT NULL;',
    ],
    [
      'a column that old processes do not fill',
      'ALTER TABLE "lobby"."games" ADD COLUMN "a" integer NOT NULL;',
    ],
    [
      'a default for each row',
      'ALTER TABLE "lobby"."a" ADD COLUMN "b" uuid DEFAULT gen_random_uuid() NOT NULL;',
    ],
    ['another type', 'ALTER TABLE "lobby"."games" ALTER COLUMN "a" SET DATA TYPE bigint;'],
    ['a column that must have a value', 'ALTER TABLE "lobby"."games" ALTER COLUMN "a" SET NOT NULL;'],
    ['a check of all rows', 'ALTER TABLE "lobby"."games" ADD CONSTRAINT "a" CHECK ("b" between 1 and 7);'],
    [
      'a reference of all rows',
      'ALTER TABLE "lobby"."a" ADD CONSTRAINT "b" FOREIGN KEY ("c") REFERENCES "lobby"."d"("c");',
    ],
    ['a unique constraint', 'ALTER TABLE "lobby"."a" ADD CONSTRAINT "b" UNIQUE("c");'],
    ['a backfill', 'UPDATE "lobby"."games" SET "a" = 1;'],
    ['words of all games', 'INSERT INTO "lobby"."game_words" SELECT "a" FROM "lobby"."games";'],
    ['a column that old processes use', 'ALTER TABLE "lobby"."games" DROP COLUMN "a";'],
    ['another name', 'ALTER TABLE "lobby"."games" RENAME COLUMN "a" TO "b";'],
    ['a table that old processes use', 'DROP TABLE "lobby"."games";'],
  ])('may not bring %s', (_, sql) => {
    expect(brokenRules('0099_more', sql)).toHaveLength(1);
  });

  it('may drop what no process uses any more when its name says so', () => {
    expect(brokenRules('0100_contract_games', 'ALTER TABLE "lobby"."games" DROP COLUMN "a";')).toEqual([]);
  });

  it('leaves to its online file only what may run twice and stops no writer', () => {
    const create = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "a" ON "lobby"."games" USING btree ("b");';
    const validate = 'ALTER TABLE "lobby"."games" VALIDATE CONSTRAINT "a";';
    expect(brokenOnlineRules(`${create}\n--> statement-breakpoint\n${validate}`)).toEqual([]);
    expect(brokenOnlineRules('CREATE INDEX "a" ON "lobby"."games" ("b");')).toHaveLength(1);
    expect(brokenOnlineRules('UPDATE "lobby"."games" SET "a" = 1;')).toHaveLength(1);
  });
});
