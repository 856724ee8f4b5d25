// The story of the demo: a match of four in a row from its first application to a registered race name, a game of star
// conquest, and a game that is cancelled with its owner. Nothing but the public protocol is used, except where an admin steps in, and where the
// Game Master is killed.
import { randomUUID } from 'node:crypto';
import type { Gateway } from '../../../lib/client/node.ts';
import { FourInARow, fourInARowSettings } from './four-in-a-row.ts';
import { approve, createGame, findAndApply, isAbout, start } from './lobby.ts';
import { check, heading, Player, print, refusal } from './player.ts';
import type { GameMasterProcess, GameParts } from './running-game.ts';
import { StarConquest, starConquestSettings } from './star-conquest.ts';

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
    await showEngines(ada);
    const match = await createGame(ada, { game_name: `Andromeda ${run}`, ...fourInARowSettings });

    heading('3. Boris and Chen find the game and apply with their race names');
    const applications = [await findAndApply(boris, match), await findAndApply(chen, match)];

    heading('4. What must not work does not');
    await tryWhatIsForbidden(boris, applications[0] ?? '');

    heading('5. Ada approves both, which fills the game and ends enrollment, and starts it');
    await approve(ada, match, applications);
    await start(ada, match, players);

    await playFourInARow({ id: match, players: [boris, chen], owner: ada }, gameMaster);

    heading('10. Players who did well may register their race names; one does');
    await keepName([boris, chen], match);

    heading('11. Ada creates a second game, of another kind: star conquest for two people and a bot');
    const galaxy = await createGame(ada, { game_name: `Perseus ${run}`, ...starConquestSettings });
    await approve(ada, galaxy, [await findAndApply(boris, galaxy), await findAndApply(chen, galaxy)]);
    await start(ada, galaxy, players);

    await playStarConquest({ id: galaxy, players: [boris, chen], owner: ada }, gameMaster);

    heading('18. Boris opens a game of his own, Chen joins it; then an admin blocks Boris');
    await fallWithOwner(boris, chen, admin, run);

    heading('19. What happened to the first game');
    await printTimeline(ada, match);

    heading('20. What everyone heard, each event signed by the gateway');
    for (const player of players) printEvents(player);
    print(
      '\nAll of it worked: every command was signed by a player’s key, every response and event by the gateway’s.',
    );
  } finally {
    for (const player of players) await player.leave();
  }
}

async function playFourInARow(parts: GameParts, gameMaster: GameMasterProcess): Promise<void> {
  const [boris, chen] = parts.players;
  const match = await FourInARow.begin(parts, gameMaster);
  heading('6. Orders are sealed: until the turn is played nobody but their author can read them');
  await match.sealedOrders();

  heading('7. Move by move: the turn is played as soon as the player to move is ready');
  await match.move(chen, 7);
  await match.move(boris, 1);
  await match.wrongOrders();

  heading('8. Chen misses the deadline, and the engine moves for her: nearest the centre');
  await match.missedDeadline(chen);

  heading('9. Boris gets four in a row');
  await match.move(boris, 1);
  await match.move(chen, 7);
  await match.move(boris, 1);
  await match.placements(boris, chen);
}

async function playStarConquest(parts: GameParts, gameMaster: GameMasterProcess): Promise<void> {
  const game = await StarConquest.begin(parts);
  heading('12. Fog of war: a player sees only what is near their own planets and ships');
  await game.fogOfWar();

  heading('13. What Boris orders nobody else can read');
  await game.sealedOrders();

  heading('14. Both move at the same time; the turn is played as soon as both are ready');
  await game.earlyTurn();

  heading('15. The Game Master is killed while a turn is open, and starts again');
  await game.killGameMaster(gameMaster);

  heading('16. Turn by turn: Boris sends all that he has to the nearest planet; Chen lets hers grow first');
  await game.playToTheEnd();

  heading('17. The placements');
  await game.placements();
}

async function showEngines(player: Player): Promise<void> {
  const { items } = await player.does('lobby.engine.list', {});
  const families = (items as { family: string }[]).map(({ family }) => family);
  for (const { engine_family } of [fourInARowSettings, starConquestSettings]) {
    check(
      families.includes(engine_family),
      `the stack offers ${engine_family}; it has ${families.join(', ')}`,
    );
  }
  player.says(`sees which kinds of games there are: ${families.join(', ')}`);
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
  const game = await createGame(owner, { game_name: `Cassiopeia ${run}`, ...fourInARowSettings });
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
