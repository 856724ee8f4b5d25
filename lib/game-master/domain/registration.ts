// A game as the lobby hands it over, and what becomes of what was known of it.
import type { TurnClock } from '../../time/turn-clock.ts';
import type { EarlyMode } from './game.ts';

/** A member of a game, and what the engine calls them. */
export type RegisteredSeat = { readonly seat: number; readonly userId: string; readonly label: string };

/** A game with the engine that plays it. */
export type Registration = TurnClock & {
  readonly gameId: string;
  /** The start job whose engine it is; a UUIDv7. */
  readonly runtimeJobId: string;
  readonly containerId: string;
  /** Base URL of the engine. */
  readonly engineEndpoint: string;
  readonly gameName: string;
  readonly ownerUserId: string | null;
  readonly early: EarlyMode;
  readonly spectators: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seats: readonly RegisteredSeat[];
  /** As the lobby said last, at that revision of the game. */
  readonly status: 'running' | 'paused';
  readonly lobbyRevision: number;
  /** Of the last report that the lobby went by, if it is known: those to come have later numbers. */
  readonly reportSeq?: number;
};

/** What a registration is, beside the runtime that is known. Ids of jobs begin with their time, and sort by it. */
export function compareRuntimes(registered: string, known: string): 'older' | 'same' | 'newer' {
  if (registered === known) return 'same';
  return registered < known ? 'older' : 'newer';
}

/** What a game does when it does not say: a schedule keeps its times. */
export function earlyUnlessSaid(turnSchedule: string | null): EarlyMode {
  return turnSchedule === null ? 'all_ready' : 'off';
}
