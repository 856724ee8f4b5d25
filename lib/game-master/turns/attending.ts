import type { Limit } from './limit.ts';

/** How a turn worker attends to a game. */
export type Attending = {
  /** Bound on one call to the engine. */
  readonly timeoutMs: number;
  /** Whether to go on with the game if there is more to do. */
  readonly goOn: () => boolean;
  /** Bounds how much is done in the database at once. */
  readonly database: Limit;
  /** The same of the lobby, since many games may be due at one time. */
  readonly lobby: Limit;
};
