// npm run demo: three players with keys of their own go through the gateway, from sign-in to a game with members.
// Uses the stack that `npm start` runs, or starts one of its own and stops it again. Exits non-zero if anything is
// not as it should be.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandResult, type Endpoints, GalaxyClient } from '../../lib/client/galaxy-client.ts';
import { GatewayError } from '../../lib/client/gateway-error.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { runProcess } from '../../lib/node/process.ts';
import { freePort } from './child.ts';
import { type LocalConfig, listenersOf, readLocalConfig } from './config.ts';
import { signInCode } from './log-lines.ts';
import { startPlatform } from './platform.ts';
import { findRunning } from './running.ts';
import { reachable } from './service.ts';

const mailTimeoutMs = 10_000;

const print = (line: string) => process.stdout.write(`${line}\n`);
const heading = (text: string) => print(`\n${text}`);
const says = (who: string, what: string) => print(`  ${who.padEnd(6)} ${what}`);

type Player = { name: string; raceName: string; email: string; client: GalaxyClient };

/** Stops the demo with a sentence about what is off. */
function check(holds: boolean, expectation: string): asserts holds {
  if (!holds) throw new Error(`the demo expected that ${expectation}`);
}

async function demo(environment: Environment): Promise<void> {
  const config = readLocalConfig(environment);
  const running = await findRunning(resolve(config.dataFolder));
  if (running) {
    print(`Using the stack that runs already (process ${running.pid}).`);
    await play(running, running.mailLog);
  } else {
    print('No stack is running here, so the demo starts its own and stops it at the end.');
    await withOwnPlatform(config, environment, play);
  }
}

async function play(endpoints: Endpoints, mailLog: string): Promise<void> {
  const run = randomUUID().slice(0, 8);
  const newPlayer = (name: string, raceName: string): Player => ({
    name,
    raceName: `${raceName} ${run.slice(0, 4)}`,
    email: `${name.toLowerCase()}-${run}@example.com`,
    client: new GalaxyClient(endpoints),
  });
  const ada = newPlayer('Ada', 'Vegans');
  const boris = newPlayer('Boris', 'Orions');
  const chen = newPlayer('Chen', 'Lyrans');
  const players = [ada, boris, chen];
  try {
    heading('1. Everyone signs in: a code by e-mail, then the public half of a new device key');
    for (const player of players) await signIn(player, mailLog);

    heading('2. Ada creates a public game and opens its enrollment');
    const game = await createGame(ada, `Andromeda ${run}`);

    heading('3. Boris and Chen find the game and apply with their race names');
    const applications = [await findAndApply(boris, game), await findAndApply(chen, game)];

    heading('4. What must not work does not');
    await tryWhatIsForbidden(boris, applications[0] ?? '');

    heading('5. Ada joins herself, and approves both applications');
    await ok(ada, 'lobby.application.submit', { game_id: game, race_name: ada.raceName });
    says(ada.name, `joins her own game as “${ada.raceName}”`);
    for (const application of applications) {
      const approved = await ok(ada, 'lobby.application.approve', { application_id: application });
      check(approved.status === 'approved', 'an approved application says so');
      says(ada.name, `approves “${approved.race_name}”`);
    }

    heading('6. Everyone lists the members');
    const expected = players.map(({ raceName }) => raceName).sort();
    for (const player of players) {
      const { items } = await ok(player, 'lobby.membership.list', { game_id: game });
      const names = (items as { race_name: string }[]).map((member) => member.race_name).sort();
      check(
        names.join() === expected.join(),
        `${player.name} sees ${expected.join(', ')}; got ${names.join(', ')}`,
      );
      says(player.name, `sees ${names.join(', ')}`);
    }

    heading(
      '7. Boris follows his events on a second device, loses it, and revokes its session from the first',
    );
    await loseDevice(boris, new GalaxyClient(endpoints), mailLog);
    print(
      '\nAll of it worked: every command was signed by a player’s key, every answer and event by the gateway’s.',
    );
  } finally {
    for (const { client } of players) client.close();
  }
}

async function signIn({ name, email, client }: Player, mailLog: string): Promise<void> {
  const challengeId = await client.sendEmailCode(email);
  const code = await readCode(mailLog, challengeId);
  await client.confirmEmailCode(challengeId, code, 'demo');
  says(name, `signs in as ${email} with the code ${code}: session ${client.session.deviceSessionId}`);
}

async function createGame(owner: Player, name: string): Promise<string> {
  const created = await ok(owner, 'lobby.game.create', {
    game_name: name,
    game_type: 'public',
    description: 'A friendly game for newcomers.',
    min_players: 2,
    max_players: 4,
    start_gap_hours: 24,
    start_gap_players: 1,
    enrollment_ends_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    turn_schedule: '0 18 * * *',
    time_zone: 'Europe/Berlin',
    target_engine_version: '1.0.0',
  });
  check(created.status === 'draft', 'a new game is a draft');
  says(owner.name, `creates “${created.game_name}”: ${created.status}`);
  const gameId = String(created.game_id);
  const opened = await ok(owner, 'lobby.game.open_enrollment', { game_id: gameId });
  check(opened.status === 'enrollment_open', 'the game is open for enrollment now');
  says(owner.name, `opens enrollment: ${opened.status}`);
  return gameId;
}

async function findAndApply(player: Player, gameId: string): Promise<string> {
  const { items } = await ok(player, 'lobby.game.list', { status: 'enrollment_open', sort: 'newest' });
  const found = (items as { game_id: string; game_name: string }[]).find((game) => game.game_id === gameId);
  check(found !== undefined, `${player.name} finds the game in the list`);
  says(player.name, `finds “${found.game_name}”`);
  const application = await ok(player, 'lobby.application.submit', {
    game_id: gameId,
    race_name: player.raceName,
  });
  check(application.status === 'pending', 'an application waits for the owner');
  says(player.name, `applies as “${player.raceName}”: ${application.status}`);
  return String(application.application_id);
}

async function tryWhatIsForbidden({ name, client }: Player, applicationId: string): Promise<void> {
  const own = await client.execute('lobby.application.approve', { application_id: applicationId });
  check(
    own.resultCode === 'forbidden',
    `approving one’s own application is forbidden; got ${own.resultCode}`,
  );
  says(name, `tries to approve his own application: ${own.resultCode}`);

  const request = client.signCommand('user.account.get', {});
  await client.send(request);
  const replayed = await refusal(client.send(request));
  check(replayed === 'REPLAY_DETECTED', `a request sent twice is a replay; got ${replayed}`);
  says(name, `sends the same signed request twice: ${replayed}`);

  const forged = client.signCommand('user.account.get', {});
  const changed = await refusal(client.send({ ...forged, messageType: 'user.session.revoke_all' }));
  check(changed === 'BAD_SIGNATURE', `a changed request does not pass; got ${changed}`);
  says(name, `changes a request after signing it: ${changed}`);
}

async function loseDevice(player: Player, client: GalaxyClient, mailLog: string): Promise<void> {
  const second = { ...player, client };
  try {
    await signIn(second, mailLog);
    const events = client.events();
    const hello = await events.next();
    check(!hello.done && hello.value.kind === 'hello', 'a stream of events begins with a hello');
    says(player.name, `hears the gateway’s signed hello: events follow after ${hello.value.lastEventId}`);
    await ok(player, 'user.session.revoke', { device_session_id: client.session.deviceSessionId });
    const revokedAt = performance.now();
    const ended = await refusal(events.next());
    check(ended === 'SESSION_REVOKED', `the stream of a revoked session ends; got ${ended}`);
    const afterMs = Math.round(performance.now() - revokedAt);
    says(player.name, `revokes that session; its stream ends ${afterMs} ms after the answer: ${ended}`);
  } finally {
    client.close();
  }
}

async function refusal(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return 'accepted';
  } catch (error) {
    if (error instanceof GatewayError) return error.reason;
    throw error;
  }
}

async function ok(
  { name, client }: Player,
  messageType: string,
  payload: object,
): Promise<CommandResult['payload']> {
  const result = await client.execute(messageType, payload);
  check(
    result.resultCode === 'ok',
    `${messageType} of ${name} succeeds; got ${result.resultCode}: ${JSON.stringify(result.payload)}`,
  );
  return result.payload;
}

/** The local stack's mailer writes codes to a log, which stands in for a player's mailbox. */
async function readCode(mailLog: string, challengeId: string): Promise<string> {
  const deadline = Date.now() + mailTimeoutMs;
  while (Date.now() < deadline) {
    const lines = (await readFile(mailLog, 'utf8')).split('\n');
    const code = lines.map((line) => signInCode(line, challengeId)).find((found) => found !== undefined);
    if (code !== undefined) return code;
    await delay(50);
  }
  throw new Error(`no sign-in code for challenge ${challengeId} arrived in ${mailLog}`);
}

/** A stack on free ports with its data in a temporary folder. */
async function withOwnPlatform(
  config: LocalConfig,
  environment: Environment,
  work: (endpoints: Endpoints, mailLog: string) => Promise<void>,
): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'galaxy-demo-'));
  const listeners = { ...config.listeners };
  for (const key of Object.keys(listeners) as (keyof typeof listeners)[]) {
    listeners[key] = { host: '127.0.0.1', port: await freePort() };
  }
  const ownPorts = {
    ...config,
    listeners,
    gatewayAdmin: undefined,
    postgres: { ...config.postgres, port: 0 },
    redis: { ...config.redis, port: 0 },
  };
  try {
    const platform = await startPlatform({
      config: ownPorts,
      dataFolder,
      environment: withoutAddresses(config, environment),
      onLine: () => undefined,
      log: (line) => print(`  ${line}`),
    });
    try {
      const endpoints = {
        httpUrl: `http://${reachable(listeners.gatewayHttp)}`,
        grpcAddr: reachable(listeners.gatewayGrpc),
      };
      await work(endpoints, join(platform.logFolder, 'backend.log'));
    } finally {
      await platform.stop();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** The environment without the addresses that the demo chooses itself. */
function withoutAddresses(config: LocalConfig, environment: Environment): Environment {
  const chosen = new Set(listenersOf(config).map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !chosen.has(name)));
}

await runProcess('demo', demo);
