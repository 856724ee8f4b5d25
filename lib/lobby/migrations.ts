import journal from '../../drizzle/lobby/migrations/meta/_journal.json' with { type: 'json' };

/** `drizzle/` is two folders above this file, as it is above a bundle in `dist/<runtime>`. */
export const migrations = {
  schema: 'lobby',
  folder: `${import.meta.dirname}/../../drizzle/lobby/migrations`,
  journal,
};
