// What the lobby has decided to tell others of a game, as it stands in its outbox.
import type { TestLobby } from './lobby.ts';

export type Told = { kind: string; payload: Record<string, unknown> };

/** All intents of a game, in order. */
export async function toldOf(lobby: TestLobby, gameId: string): Promise<Told[]> {
  const { rows } = await lobby.pool.query<Told>(
    'select kind, payload from lobby.outbox where ordering_key = $1 order by position',
    [gameId],
  );
  return rows;
}

/** The notifications of a type about a game: to whom, and with which payload. */
export async function intentsOf(
  lobby: TestLobby,
  gameId: string,
  type: string,
): Promise<{ to: unknown; payload: unknown }[]> {
  return (await toldOf(lobby, gameId))
    .filter(({ payload }) => payload.notification_type === type)
    .map(({ payload }) => ({ to: payload.recipient_user_ids, payload: payload.payload }));
}

/** The stop jobs about a game. */
export async function stopJobsOf(lobby: TestLobby, gameId: string): Promise<Record<string, unknown>[]> {
  return (await toldOf(lobby, gameId))
    .filter(({ kind }) => kind === 'stop_job')
    .map(({ payload }) => payload);
}
