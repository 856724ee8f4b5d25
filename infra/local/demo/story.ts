// The story of the demo: a match of four in a row from its first application to a registered race name, and a game that
// is cancelled with its owner. Nothing but the public protocol is used, except where an admin steps in, and where the
// Game Master is killed.
import { randomUUID } from 'node:crypto';
import type { Gateway } from '../../../lib/client/node.ts';
import { type GameMasterProcess, Match } from './match.ts';
import { check, heading, Player, print, refusal } from './player.ts';

export type Stage = {
  endpoints: Gateway;
  /** The log in which sign-in codes appear. */
  mailLog: string;
  /** The backend's admin listener. */
  admin: { url: string; token: string };
  gameMaster: GameMasterProcess;
};

export async function play({ endpoints, mailLog, admin, gameMaster }: Stage): Promise<void> {
  const run = randomUUID().slice(0, 8);
  const newPlayer = (name: string, raceName: string) =>
    Player.create(endpoints, {
      name,
      raceName: `${raceName} ${run.slice(0, 4)}`,
      email: `${name.toLowerCase()}-${run}@example.com`,
    });
  const ada = await newPlayer('Ada', 'Vegans');
  const boris = await newPlayer('Boris', 'Orions');
  const chen = await newPlayer('Chen', 'Lyrans');
  const players = [ada, boris, chen];
  try {
    heading('1. Everyone signs in: a code by e-mail, then the public half of a new device key');
    for (const player of players) await player.signIn(mailLog);
    for (const player of players) await player.follow();

    heading('2. Ada creates a game of four in a row for two, with twenty seconds a move, and opens it');
    const game = await createGame(ada, `Andromeda ${run}`);

    heading('3. Boris and Chen find the game and apply with their race names; Ada hears of it');
    const applications = [await findAndApply(boris, game), await findAndApply(chen, game)];
    for (const application of applications) {
      await ada.hears(['lobby.application.submitted'], (payload) => payload.application_id === application);
    }

    heading('4. What must not work does not');
    await tryWhatIsForbidden(boris, applications[0] ?? '');

    heading('5. Ada approves both, which fills the game and ends enrollment, and starts it');
    await approve(ada, game, applications);
    const starting = await ada.does('lobby.game.start', { game_id: game });
    ada.says(`starts the game: ${starting.status}; an engine comes up, and the Game Master sets the game up`);
    for (const player of players) await player.hears(['lobby.game.started'], isAbout(game));

    const match = await Match.begin({ game, players: [boris, chen], owner: ada, gameMaster });
    heading('6. Orders are sealed: until the turn is played nobody but their author can read them');
    await match.sealedOrders();

    heading('7. Move by move: the turn is played as soon as the player to move is ready');
    await match.move(chen, 7);
    await match.move(boris, 1);
    await match.wrongOrders();

    heading('8. Chen misses the deadline, and the engine moves for her: nearest the centre');
    await match.missedDeadline(chen);

    heading('9. The Game Master is killed in the middle of the match, and starts again');
    await match.killGameMaster();
    await match.move(boris, 1);
    await match.move(chen, 7);

    heading('10. Boris gets four in a row');
    await match.winningMove(boris, 1);
    await match.placements(boris, chen);

    heading('11. Players who did well may register their race names; one does');
    await keepName([boris, chen], game);

    heading('12. Boris opens a game of his own, Chen joins it; then an admin blocks Boris');
    await fallWithOwner(boris, chen, admin, run);

    heading('13. What happened to the first game');
    await printTimeline(ada, game);

    heading('14. What everyone heard, each event signed by the gateway');
    for (const player of players) printEvents(player);
    print(
      '\nAll of it worked: every command was signed by a player’s key, every response and event by the gateway’s.',
    );
  } finally {
    for (const player of players) await player.leave();
  }
}

const isAbout = (gameId: string) => (payload: { game_id: string }) => payload.game_id === gameId;

async function createGame(owner: Player, name: string): Promise<string> {
  const created = await owner.does('lobby.game.create', {
    game_name: name,
    game_type: 'public',
    description: 'A friendly game for newcomers.',
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    turn_seconds: 20,
    spectators: true,
    target_engine_version: '1.0.0',
  });
  check(created.status === 'draft', 'a new game is a draft');
  owner.says(`creates “${created.game_name}”: ${created.status}`);
  const gameId = String(created.game_id);
  const opened = await owner.does('lobby.game.open_enrollment', { game_id: gameId });
  check(opened.status === 'enrollment_open', 'the game is open for enrollment now');
  owner.says(`opens enrollment: ${opened.status}`);
  return gameId;
}

async function findAndApply(player: Player, gameId: string): Promise<string> {
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

async function tryWhatIsForbidden(player: Player, applicationId: string): Promise<void> {
  const { client } = player;
  const own = await client.execute('lobby.application.approve', { application_id: applicationId });
  check(
    own.resultCode === 'forbidden',
    `approving one’s own application is forbidden; got ${own.resultCode}`,
  );
  player.says(`tries to approve his own application: ${own.resultCode}`);

  await client.user.account.get();
  const request = player.lastRequest;
  check(request !== undefined, 'a command was sent');
  const replayed = await refusal(player.transport.unary(request, 15_000));
  check(replayed === 'REPLAY_DETECTED', `a request sent twice is a replay; got ${replayed}`);
  player.says(`sends the same signed request twice: ${replayed}`);

  const forged = { ...request, requestId: randomUUID(), messageType: 'user.session.revoke_all' };
  const changed = await refusal(player.transport.unary(forged, 15_000));
  check(changed === 'BAD_SIGNATURE', `a changed request does not pass; got ${changed}`);
  player.says(`changes a request after signing it: ${changed}`);
}

async function approve(owner: Player, game: string, applications: readonly string[]): Promise<void> {
  for (const application of applications) {
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

async function keepName(players: readonly Player[], game: string): Promise<void> {
  const allowed: Player[] = [];
  for (const player of players) {
    const verdict = await player.hears(
      ['lobby.race_name.registration_eligible', 'lobby.race_name.registration_denied'],
      isAbout(game),
    );
    if (verdict.eventType === 'lobby.race_name.registration_eligible') {
      allowed.push(player);
      player.says(`may register “${player.raceName}” until ${verdict.payload.register_until}`);
    } else {
      player.says(`has to give “${player.raceName}” back: ${verdict.payload.reason}`);
    }
  }
  const [first] = allowed;
  check(first !== undefined, 'a player did well enough to register the race name');
  const { items } = await first.does('lobby.race_name.list_mine', { kind: 'pending_registration' });
  const [held] = items as { race_name_id: string }[];
  const registered = await first.does('lobby.race_name.register', { race_name_id: held?.race_name_id });
  check(registered.kind === 'registered', 'a registered name says so');
  first.says(`registers “${registered.race_name}”: ${registered.kind}`);
}

async function fallWithOwner(
  owner: Player,
  member: Player,
  admin: Stage['admin'],
  run: string,
): Promise<void> {
  const game = await createGame(owner, `Cassiopeia ${run}`);
  const application = await findAndApply(member, game);
  await owner.does('lobby.application.approve', { application_id: application });
  const response = await fetch(`${admin.url}/api/v1/internal/users/${owner.client.session?.userId}/block`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason_code: 'demo' }),
  });
  check(response.ok, `an admin can block a user; the response was ${response.status}`);
  print(`  An admin blocks ${owner.name} for good.`);
  const ended = await owner.streamEnd;
  check(ended === 'SESSION_REVOKED', `the streams of a blocked user end; got ${ended}`);
  owner.says(`hears nothing any more: ${ended}`);
  await member.hears(['lobby.game.cancelled'], isAbout(game));
  const { status } = await member.does('lobby.game.get', { game_id: game });
  member.says(`hears that the game is ${status}`);
}

async function printTimeline(owner: Player, game: string): Promise<void> {
  const { items } = await owner.does('lobby.game.timeline', { game_id: game });
  for (const entry of items as Record<string, string | null>[]) {
    const reason = entry.reason === null ? '' : ` (${entry.reason})`;
    print(
      `  ${entry.at}  ${entry.trigger?.padEnd(16)} ${entry.from} → ${entry.to}, by ${entry.actor}${reason}`,
    );
  }
}

function printEvents({ name, events }: Player): void {
  const counts = new Map<string, number>();
  for (const { eventType } of events) counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
  print(`  ${name}`);
  for (const [eventType, count] of counts) print(`    ${String(count).padStart(3)} × ${eventType}`);
}
