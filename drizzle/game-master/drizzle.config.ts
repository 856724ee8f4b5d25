import { defineConfig } from 'drizzle-kit';

// Paths are relative to the root of the repository, where drizzle-kit runs.
export default defineConfig({
  dialect: 'postgresql',
  schema: './lib/game-master/store/schema.ts',
  out: './drizzle/game-master/migrations',
});
