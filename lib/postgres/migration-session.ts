import type { MigrationConfig } from 'drizzle-orm/migrator';

/** A connection of its own. */
export type Session = {
  connect(): Promise<unknown>;
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** The process that serves it, as the server said on connecting. */
  announcedPid(): number | null;
  migrate(config: MigrationConfig): Promise<void>;
  end(): Promise<void>;
};
