import journal from '../../drizzle/game-master/migrations/meta/_journal.json' with { type: 'json' };

/** `drizzle/` is two folders above this file, as it is above a bundle in `dist/<runtime>`. */
export const migrations = {
  schema: 'game_master',
  folder: `${import.meta.dirname}/../../drizzle/game-master/migrations`,
  journal,
};
