// How a game comes to run: an owner makes it, players find it and apply, and the owner approves and starts it.
import { check, type Player } from './player.ts';

export const isAbout = (gameId: string) => (payload: { game_id: string }) => payload.game_id === gameId;

/** @returns the id of a game for two players that takes applications. */
export async function createGame(owner: Player, settings: object): Promise<string> {
  const created = await owner.does('lobby.game.create', {
    game_type: 'public',
    description: 'A friendly game for newcomers.',
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    spectators: true,
    target_engine_version: '1.0.0',
    ...settings,
  });
  check(created.status === 'draft', 'a new game is a draft');
  owner.says(`creates “${created.game_name}”: ${created.status}`);
  const gameId = String(created.game_id);
  const opened = await owner.does('lobby.game.open_enrollment', { game_id: gameId });
  check(opened.status === 'enrollment_open', 'the game is open for enrollment now');
  owner.says(`opens enrollment: ${opened.status}`);
  return gameId;
}

/** @returns the id of the application. */
export async function findAndApply(player: Player, gameId: string): Promise<string> {
  const { items } = await player.does('lobby.game.list', { status: 'enrollment_open', sort: 'newest' });
  const found = (items as { game_id: string; game_name: string }[]).find((game) => game.game_id === gameId);
  check(found !== undefined, `${player.name} finds the game in the list`);
  player.says(`finds “${found.game_name}”`);
  const application = await player.does('lobby.application.submit', {
    game_id: gameId,
    race_name: player.raceName,
  });
  check(application.status === 'pending', 'an application waits for the owner');
  player.says(`applies as “${player.raceName}”: ${application.status}`);
  return String(application.application_id);
}

/** Once the owner has heard of each application. */
export async function approve(owner: Player, game: string, applications: readonly string[]): Promise<void> {
  for (const application of applications) {
    await owner.hears(['lobby.application.submitted'], (about) => about.application_id === application);
    const approved = await owner.does('lobby.application.approve', { application_id: application });
    check(approved.status === 'approved', 'an approved application says so');
    const { status, active_members } = await owner.does('lobby.game.get', { game_id: game });
    owner.says(`approves “${approved.race_name}”: ${active_members} of 2 players, ${status}`);
  }
  const { status } = await owner.does('lobby.game.get', { game_id: game });
  if (status === 'ready_to_start') return;
  const closed = await owner.does('lobby.game.close_enrollment', { game_id: game });
  owner.says(`closes enrollment: ${closed.status}`);
}

export async function start(owner: Player, game: string, players: readonly Player[]): Promise<void> {
  const starting = await owner.does('lobby.game.start', { game_id: game });
  owner.says(`starts the game: ${starting.status}, until an engine has it`);
  for (const player of players) await player.hears(['lobby.game.started'], isAbout(game));
}
