// The rules for migrations that run beside writers (CONTRIBUTING.md), as far as the text of a file shows.

type Rule = { readonly breaks: RegExp; readonly instead: string };

/** Of statements on tables that exist before the migration. */
const rules: readonly Rule[] = [
  {
    breaks: /^create (unique )?index (?!concurrently)/i,
    instead: 'create it CONCURRENTLY IF NOT EXISTS in the .online.sql file: a plain one stops all writes',
  },
  {
    breaks: /add column .* generated /is,
    instead: 'add a plain column and let the code write it: a generated one rewrites the table',
  },
  {
    breaks: /add column (?!.* (default|generated) ).* not null/is,
    instead: 'give the column a default, or let it be null: existing rows and older processes have no value',
  },
  {
    breaks: /add column .* default (?!now\(\))[^']*\w\(/is,
    instead: 'use a constant default: one that is computed for each row rewrites the table',
  },
  {
    breaks: /add column .* (primary key|unique)/is,
    instead: 'build the unique index in the .online.sql file',
  },
  {
    breaks: /alter column .* (set data )?type /is,
    instead: 'add a column of the new type: another type rewrites the table',
  },
  {
    breaks: /alter column .* set not null/is,
    instead: 'add a CHECK (… is not null) NOT VALID, and validate it in the .online.sql file',
  },
  {
    breaks: /add constraint .* (check|foreign key) (?!.* not valid)/is,
    instead: 'add it NOT VALID, and VALIDATE it in the .online.sql file: the check reads the whole table',
  },
  {
    breaks: /add constraint .* (primary key|unique) ?(?!using index)/is,
    instead:
      'build the unique index in the .online.sql file, and add the constraint USING INDEX in a later release',
  },
  {
    breaks: /^(update|delete|insert|with) /i,
    instead: 'change rows in batches, in a worker: a migration is one transaction',
  },
];

/** What older processes still use goes in a release of its own. */
const contraction =
  /^(drop table|alter table .* (drop column|rename)|alter table .* drop constraint .* cascade)/is;

const onlineStatement =
  /^(create (unique )?index concurrently if not exists "|drop index concurrently if exists "|alter table .* validate constraint )/is;

/** @param tag of the migration; one that only contracts has `contract` in it. @returns what is wrong. */
export function brokenRules(tag: string, sql: string): string[] {
  const statements = statementsOf(sql);
  const created = new Set(
    statements.flatMap((text) => /^create table "\w+"\."(\w+)"/i.exec(text)?.[1] ?? []),
  );
  return statements.flatMap((text) => {
    const table = /^(?:create .*? on|alter table|insert into|update|delete from) "\w+"\."(\w+)"/is.exec(
      text,
    )?.[1];
    if (table !== undefined && created.has(table)) return [];
    const broken = rules.filter(({ breaks }) => breaks.test(text)).map(({ instead }) => instead);
    if (contraction.test(text) && !tag.includes('contract')) {
      broken.push('leave it to a later release, in a migration with "contract" in its name');
    }
    return broken.map((instead) => `${text.split('\n')[0]}: ${instead}`);
  });
}

/** The same for a file that runs outside of transactions. */
export function brokenOnlineRules(sql: string): string[] {
  return statementsOf(sql)
    .filter((text) => !onlineStatement.test(text))
    .map(
      (text) => `${text.split('\n')[0]}: it may not run again, or stops writers; it belongs in the migration`,
    );
}

function statementsOf(sql: string): string[] {
  return sql
    .split('--> statement-breakpoint')
    .map((text) => text.trim().replace(/;$/, ''))
    .filter((text) => text !== '');
}
