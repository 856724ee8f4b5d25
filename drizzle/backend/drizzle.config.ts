import { defineConfig } from 'drizzle-kit';

// drizzle-kit reads the default export.
export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/backend/schema.ts',
  out: './drizzle/backend/migrations',
});
