import type { Game, Membership } from '../client/browser.ts';

/** A game and all who are or were its members. */
export type GameState = { readonly game: Game; readonly members: readonly Membership[] };
