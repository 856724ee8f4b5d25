// engine:check finds what is wrong with an engine, whatever it is, and says it in words for its author.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksNamed } from '../../infra/engine-check/run-checks.ts';
import { bundleWrongEngine } from '../support/engines/bundle-engine.ts';
import { type CheckOptions, checkEngine, failuresIn } from '../support/engines/engine-check.ts';
import type { FaultName } from '../support/engines/wrong-engine.ts';

let folder: string;
let entry: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-faults-'));
  entry = await bundleWrongEngine(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** The check that finds the fault, as `group: name`, and what it says. */
type Expected = readonly [check: string, message: RegExp | string];

/** Of engines that are late for ever. */
const lessTime: Partial<Record<FaultName, CheckOptions>> = {
  'is-never-healthy': { startTimeoutMs: 8_000 },
  'never-responds-to-a-turn': { requestTimeoutMs: 5_000 },
};

const first = 'manifest: starts, and has a valid manifest';
const catalogue = 'manifest: fits into an engine catalogue';

const expected: Record<Exclude<FaultName, 'none'>, Expected> = {
  'ends-at-once': [first, /^The engine ended before it was healthy \(exit code 3\)\. .*no license found/s],
  'is-never-healthy': [first, /was not healthy within 8 s: GET \/healthz responded with status 503/],
  'another-protocol': [first, 'The response is not as described: /protocol: Invalid input: expected 2.'],
  'typing-error-in-schema': [
    first,
    'It is not a JSON Schema that can be checked: orders_schema/propertys: is a keyword that is not known here.',
  ],
  'has-a-name-with-blanks': [
    first,
    'The response is not as described: /family: Invalid string: must match pattern /^[a-z0-9-]{1,64}$/.',
  ],
  'has-a-short-version': [
    catalogue,
    'No engine catalogue takes it: version: must be a semantic version such as 1.4.0 or 2.0.0-rc.1.',
  ],
  'has-a-version-with-a-letter': [
    catalogue,
    'No engine catalogue takes it: version: must be a semantic version such as 1.4.0 or 2.0.0-rc.1.',
  ],
  'has-a-slow-pattern': [
    catalogue,
    /^No engine catalogue takes it: options_schema\/properties\/name: the pattern "\^\(a\+\)\+\$" may take long/,
  ],
  'has-recursive-options': [
    catalogue,
    'No engine catalogue takes it: options_schema/properties/inner/$ref: contains itself; a schema of options must not be recursive.',
  ],
  'has-a-large-manifest': [
    catalogue,
    /^No engine catalogue takes it: the whole: has 60\d{4} bytes; at most 524288 are allowed\.$/,
  ],
  'manifest-changes': [
    'manifest: has the same manifest before and after the set-up, and after a restart',
    'The manifest has changed: /version is "1.0.2", then "1.0.3".',
  ],
  'serves-one-connection-at-a-time': [
    'start: responds while other connections are idle, or have sent a part of a request',
    'There was no whole response within 1 s.',
  ],
  'ignores-sigterm': [
    'start: ends soon after SIGTERM, also while connections are open',
    'It was still running 5 s after SIGTERM.',
  ],
  'listens-everywhere': [
    'start: listens at the address that it is given, and at no other',
    /^GALAXY_ENGINE_HOST was 127\.0\.0\.\d, and the engine accepts connections at .*, too\.$/,
  ],
  'errors-are-texts': [
    'manifest: refuses routes that there are not',
    'The response (status 404) is not JSON.',
  ],
  'errors-have-other-codes': [
    'manifest: refuses routes that there are not',
    'GET /api/v1/no-such-route was refused with the code "oops", and 404 has the code not_found.',
  ],
  redirects: ['set-up: has no game before the set-up', 'The response is a redirect (307).'],
  'has-an-empty-state-before-the-set-up': [
    'set-up: has no game before the set-up',
    'GET /api/v1/game before the set-up got status 200, and should get 404.',
  ],
  'skips-unknown-fields': [
    'set-up: refuses a set-up that is not as described',
    'A set-up with a field that there is not got status 200, and should get 400.',
  ],
  'takes-any-number-of-seats': [
    'set-up: refuses a number of seats that the game does not have',
    'A set-up with 1 seats got status 200, and should get 400.',
  ],
  'takes-any-options': [
    'set-up: refuses options that options_schema does not allow',
    /^A set-up with the options \{.*"no-such-option":1\} got status 200, and should get 400\.$/,
  ],
  'ignores-another-set-up': [
    'set-up: refuses another set-up, and changes nothing then',
    'A set-up with another game_id got status 200, and should get 409.',
  ],
  'refuses-a-repeated-set-up': [
    'set-up: gives the state to a repeated set-up, also after kill -9',
    'A repeated set-up got another response: status 200, then 409.',
  ],
  'waits-for-nobody': [
    'set-up: sets a game up once when it is asked twice at the same time',
    '/awaiting is empty while the game runs.',
  ],
  'leaves-a-seat-out-of-stats': [
    'set-up: sets a game up once when it is asked twice at the same time',
    '/stats does not name every seat of the game once.',
  ],
  'takes-ships-back': [
    'turns: plays a turn, and gives the same response to a repeat',
    'ships_built of seat 1 fell from 999 to 998.',
  ],
  'validates-nothing': [
    'validate: finds problems in orders that orders_schema does not allow',
    'validate found no problems in orders that orders_schema does not allow.',
  ],
  'has-problems-without-a-path': [
    'validate: finds problems in orders that orders_schema does not allow',
    'The path "bid" of a problem leads to no value in the orders.',
  ],
  'validates-any-turn': [
    'validate: refuses orders for another turn',
    'Validating orders for turn 2 got status 200, and should get 409.',
  ],
  'validates-slowly': [
    'validate: finds no problems in orders that are valid',
    'There was no whole response within 2 s.',
  ],
  'validation-plays': [
    'validate: changes nothing when it validates orders',
    'After orders were validated the state is another: /awaiting/1 is 3, then missing.',
  ],
  'never-responds-to-a-turn': [
    'turns: plays a turn, and gives the same response to a repeat',
    'There was no whole response within 5 s.',
  ],
  'plays-repeats-again': [
    'turns: plays a turn, and gives the same response to a repeat',
    'A repeated turn got another response: /turn is 1, then 2.',
  ],
  'plays-any-turn': [
    'turns: refuses a turn that is not the next one',
    'Turn 2, while turn 1 is the next one, got status 200, and should get 409.',
  ],
  'ignores-other-orders': [
    'turns: refuses other orders for a turn that was played',
    'Turn 1 with other orders of seat 1 got status 200, and should get 409.',
  ],
  'takes-rows-without-orders-as-missing': [
    'turns: refuses a turn that is not as described, and plays nothing of it',
    'A turn that says ready without orders got status 200, and should get 400.',
  ],
  'fails-without-orders': [
    'turns: plays a turn for which no seat gave orders',
    'The engine failed (status 500), and should have responded with 200.',
  ],
  'does-not-count-drafts': [
    'turns: plays drafts like orders that are ready',
    /^With drafts in place of orders that are ready: \/stats\/0\/\w+ is \d+, then \d+\.$/,
  ],
  'takes-large-bodies': [
    'turns: refuses a body of more than 9 MiB',
    'A body of 9437185 bytes got status 200, and should get 413.',
  ],
  'tells-too-much': [
    'turns: plays a turn, and gives the same response to a repeat',
    /^Seat \d gets 21 events in one turn\.$/,
  ],
  'tells-strangers': [
    'turns: plays a turn, and gives the same response to a repeat',
    '/events/0/to names seat 999, which the game does not have.',
  ],
  'lets-spectators-in': [
    'views: has no view of a seat that there is not, or of a turn that was not played',
    'The view of spectators, which the manifest denies, got status 200, and should get 404.',
  ],
  'has-views-without-end': [
    'views: shows each seat, and spectators if the manifest says so, a view after every turn',
    'The response is larger than 262144 bytes.',
  ],
  'shows-orders-of-the-open-turn': [
    'views: shows nobody what a seat orders before the turn was played',
    /^After seat 1 had orders for turn 2 validated the view of seat:1 after turn 1 is another: \/validated/,
  ],
  'shows-every-turn-as-the-last': [
    'views: shows nobody what a seat orders before the turn was played',
    /^After turn 2 was played the view of seat:\d after turn 1 is another: /,
  ],
  'vacating-ends-the-game-at-once': [
    'seats: leaves the game as it is until the next turn when a seat is vacated, also by a repeat',
    'After a seat was vacated the state is another: /alive/1 is 3, then missing.',
  ],
  'refuses-to-vacate-twice': [
    'seats: leaves the game as it is until the next turn when a seat is vacated, also by a repeat',
    'A repeat got another response: status 200, then 409.',
  ],
  'forgets-vacant-seats': [
    'seats: plays on with a vacant seat, and remembers it after kill -9',
    '/awaiting names only bots and vacant seats, so nobody could move.',
  ],
  'validates-orders-of-bots': [
    'bots: refuses orders for a bot',
    'Validating orders of a bot got status 200, and should get 400.',
  ],
  'waits-for-bots': [
    'bots: plays its bots itself, the same in every process',
    '/awaiting names only bots and vacant seats, so nobody could move.',
  ],
  'throws-its-own-dice': [
    'play: plays the same game with the same seed and orders in another process, which is killed in between',
    /^Turn 1 of two games with the same seed and orders differs: \/stats\/0\/planets is \d+, then \d+\.$/,
  ],
  'plays-after-the-end': [
    'play: plays no turn after the last one, and keeps the last views',
    'A turn after the last one got status 200, and should get 409.',
  ],
  'responds-before-it-saves': [
    'crash: has all of a turn or nothing after kill -9, and all of it once it has responded',
    /^It had responded to turn \d+, and |^After kill -9 in the middle of turn \d+ (it is at turn|the game is lost)/,
  ],
  'writes-files-in-place': [
    'crash: has all of a turn or nothing after kill -9, and all of it once it has responded',
    /^After kill -9 in the middle of turn \d+ it does not start: The engine ended before/,
  ],
  'keeps-its-game-elsewhere': [
    'crash: keeps its game in the data folder, and nowhere else',
    'GET /api/v1/game, started with an empty data folder, got status 200, and should get 404.',
  ],
  'begins-again-when-it-cannot-read': [
    'crash: does not begin again when it cannot read its data',
    'All files in the data folder were overwritten with "?", and it begins again.',
  ],
  'shows-the-seed': ['secrets: shows the seed in no response', 'The response holds the seed of the game.'],
  'writes-orders-into-its-log': [
    'secrets: writes neither orders nor the seed to its output',
    /^The output holds the orders \{"bid":\d+\}, without blanks\.$/,
  ],
  'writes-invalid-orders-into-its-log': [
    'secrets: writes neither orders nor the seed to its output',
    /^The output holds orders that are not valid\.\ninvalid \{/,
  ],
  'writes-the-seed-into-its-log': [
    'secrets: writes neither orders nor the seed to its output',
    /^The output holds the seed\.\nseed [0-9a-f]{64}$/,
  ],
};

describe.concurrent('engine:check', { timeout: 180_000 }, () => {
  test.each(Object.entries(expected))(
    'finds what is wrong with an engine that %s',
    async (fault, [check, message]) => {
      const [, name = ''] = /^[^:]+: (.*)$/.exec(check) ?? [];
      // The later checks of a game are about what the first one has played.
      const only = check.startsWith('play:')
        ? [...checksNamed('plays the turns of whole games'), name]
        : [name];
      const options = { only, turns: 12, ...lessTime[fault as FaultName] };
      const outcomes = await checkEngine([process.execPath, entry, fault], options);
      expect(failuresIn(outcomes)).toEqual({
        [check]: typeof message === 'string' ? message : expect.stringMatching(message),
      });
    },
  );
});
