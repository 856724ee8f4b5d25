import type { Runtime } from './domain/runtime.ts';

/**
 * Takes a game over; again with the same runtime changes nothing. Another runtime replaces the one that is known, and so
 * does the same one with other details: the newest word of the lobby counts.
 * @param traceparent of the request.
 * @throws Refusal `invalid_state` when a newer runtime of the game is known.
 */
export type RegisterRuntime = (runtime: Runtime, traceparent: string | undefined) => void;
