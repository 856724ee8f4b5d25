import journal from '../../drizzle/backend/migrations/meta/_journal.json' with { type: 'json' };

/** `drizzle/` is two folders above this file, as it is above a bundle in `dist/<runtime>`. */
export const migrations = {
  schema: 'backend',
  folder: `${import.meta.dirname}/../../drizzle/backend/migrations`,
  journal,
};
