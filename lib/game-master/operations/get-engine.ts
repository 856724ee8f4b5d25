import type { GameMaster } from '../context.ts';
import { noSuchGame } from '../refusals.ts';
import type { StoredGame } from '../store/games.ts';
import { findGameNow } from '../store/reads.ts';

/** A game with what is known of its engine, for operators. @throws Refusal `not_found` */
export async function getEngine({ db }: Pick<GameMaster, 'db'>, gameId: string): Promise<StoredGame> {
  const found = await findGameNow(db, gameId);
  if (found === undefined) throw noSuchGame();
  return found.game;
}
