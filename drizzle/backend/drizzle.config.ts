import { defineConfig } from 'drizzle-kit';

// drizzle-kit reads the default export.
export default defineConfig({
  dialect: 'postgresql',
  schema: './lib/backend/store/schema.ts',
  out: './drizzle/backend/migrations',
});
