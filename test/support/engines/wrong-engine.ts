// Engines with one fault each, for the tests of engine:check: sealed bids, or four in a row, made with the engine kit and
// then spoiled. Run with the name of the fault.
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  engineBounds,
  engineEnvironment,
  engineProtocol,
  engineRoutes,
  type GameSetup,
  type Manifest,
  type TurnRequest,
  type ValidateRequest,
} from '../../../lib/engine/api.ts';
import { Game } from '../../../lib/engine-kit/game.ts';
import { GameFolder } from '../../../lib/engine-kit/game-folder.ts';
import { createEngineApp } from '../../../lib/engine-kit/routes.ts';
import type { Rules } from '../../../lib/engine-kit/rules.ts';
import { rules as fourInARow } from '../../../lib/four-in-a-row/rules.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { type State as Bids, rules as sealedBids } from './sealed-bids.ts';

type Asked = { readonly method: string; readonly path: string; readonly body?: unknown };
type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };
type Serve = (asked: Asked) => Promise<Reply>;
type Respond = (asked: Asked, serve: Serve) => Promise<Reply>;

/** What the engine does in place of what it should do. */
type Fault = {
  /** In place of sealed bids. */
  readonly game?: 'four-in-a-row';
  readonly manifest?: (manifest: Manifest) => unknown;
  readonly rules?: (rules: AnyRules) => AnyRules;
  readonly folder?: (path: string) => GameFolder;
  /** Called where the data cannot be read. */
  readonly onUnreadable?: (path: string) => Promise<void>;
  readonly respond?: Respond;
  readonly server?: (server: Server) => void;
  readonly host?: string;
  readonly bodyLimitBytes?: number;
  readonly start?: () => void;
};

type AnyRules = Rules<unknown, unknown, unknown, unknown>;

const isFor = (asked: Asked, method: string, path: string) => asked.method === method && asked.path === path;
const isTurn = (asked: Asked) => isFor(asked, 'POST', engineRoutes.turns);
const isSetUp = (asked: Asked) => isFor(asked, 'PUT', engineRoutes.game);
const isValidation = (asked: Asked) => isFor(asked, 'POST', engineRoutes.validate);
const isView = (asked: Asked) => asked.path.startsWith(engineRoutes.view);
const isVacating = (asked: Asked) => asked.path.startsWith(engineRoutes.seat(1).slice(0, -1));

const stateFrom = (serve: Serve) => serve({ method: 'GET', path: engineRoutes.game });
const turnOf = (state: Reply) => (state.body as { turn?: number }).turn ?? 0;
const withBody = (reply: Reply, change: (body: Record<string, unknown>) => object): Reply =>
  reply.status === 200 ? { ...reply, body: change(reply.body as Record<string, unknown>) } : reply;

/** Changes the response to one kind of request. */
const changing =
  (concerns: (asked: Asked) => boolean, change: (body: Record<string, unknown>) => object): Respond =>
  async (asked, serve) => {
    const reply = await serve(asked);
    return concerns(asked) ? withBody(reply, change) : reply;
  };

/** Changes one kind of request before it is served. */
const mistaking =
  (concerns: (asked: Asked) => boolean, change: (body: never) => object): Respond =>
  (asked, serve) =>
    serve(concerns(asked) ? { ...asked, body: change(asked.body as never) } : asked);

/** Serves something else where a request would be refused with this status. */
const instead =
  (
    concerns: (asked: Asked) => boolean,
    status: number,
    other: (asked: Asked, serve: Serve) => Promise<Reply>,
  ) =>
  async (asked: Asked, serve: Serve): Promise<Reply> => {
    const reply = await serve(asked);
    return concerns(asked) && reply.status === status ? other(asked, serve) : reply;
  };

const changeState = (change: (body: Record<string, unknown>) => object): Respond =>
  changing((asked) => isTurn(asked) || isSetUp(asked) || isFor(asked, 'GET', engineRoutes.game), change);

let validated: unknown;
let played: Reply | undefined;
let manifests = 0;
let setUps = 0;
let vacated = 0;
let ships = 1_000;

class LateFolder extends GameFolder {
  override async saveTurn(turn: Parameters<GameFolder['saveTurn']>[0]): Promise<void> {
    void delay(100).then(() => super.saveTurn(turn));
  }
}

/** Writes a file in two parts, under its own name. */
class CarelessFolder extends GameFolder {
  readonly #folder: string;

  constructor(folder: string) {
    super(folder);
    this.#folder = folder;
  }

  override async saveTurn(turn: Parameters<GameFolder['saveTurn']>[0]): Promise<void> {
    await writeFile(join(this.#folder, `turn-${turn.response.turn}.json.gz`), 'half of it');
    await delay(200);
    await super.saveTurn(turn);
  }
}

class ForgetfulFolder extends GameFolder {
  override async saveVacant(): Promise<void> {}
}

export const faults = {
  none: {},
  'ends-at-once': {
    start: () => {
      process.stderr.write('no license found\n');
      process.exit(3);
    },
  },
  'is-never-healthy': {
    respond: async (asked, serve) =>
      asked.path === engineRoutes.health ? { status: 503, body: { status: 'starting' } } : serve(asked),
  },
  'another-protocol': { manifest: (manifest) => ({ ...manifest, protocol: 1 }) },
  'typing-error-in-schema': {
    manifest: (manifest) => ({ ...manifest, orders_schema: { type: 'object', propertys: {} } }),
  },
  'has-a-name-with-blanks': { manifest: (manifest) => ({ ...manifest, family: 'Sealed bids' }) },
  'has-a-short-version': { manifest: (manifest) => ({ ...manifest, version: '1.0' }) },
  'has-a-version-with-a-letter': { manifest: (manifest) => ({ ...manifest, version: 'v1.0.0' }) },
  'has-a-slow-pattern': {
    manifest: (manifest) => ({
      ...manifest,
      options_schema: { properties: { name: { type: 'string', pattern: '^(a+)+$' } } },
    }),
  },
  'has-recursive-options': {
    manifest: (manifest) => ({
      ...manifest,
      options_schema: { properties: { inner: { $ref: '#' } } },
    }),
  },
  'has-a-large-manifest': {
    manifest: (manifest) => ({
      ...manifest,
      orders_schema: { ...manifest.orders_schema, description: 'x'.repeat(600_000) },
    }),
  },
  'manifest-changes': {
    manifest: (manifest) => {
      manifests += 1;
      return { ...manifest, version: `1.0.${manifests}` };
    },
  },
  'serves-one-connection-at-a-time': { server: serveOneAtATime },
  'ignores-sigterm': { start: () => void process.on('SIGTERM', () => undefined) },
  'listens-everywhere': { host: '0.0.0.0' },
  'errors-are-texts': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      return reply.status === 200
        ? reply
        : { ...reply, body: 'Not found', headers: { 'content-type': 'text/plain' } };
    },
  },
  'errors-have-other-codes': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      return reply.status === 200 ? reply : { ...reply, body: { error: { code: 'oops', message: 'No.' } } };
    },
  },
  redirects: {
    respond: async (asked, serve) =>
      isFor(asked, 'GET', engineRoutes.game)
        ? { status: 307, body: {}, headers: { location: '/api/v1/games/1' } }
        : serve(asked),
  },
  'skips-unknown-fields': {
    respond: (asked, serve) => {
      const known = JSON.stringify(asked.body)?.replaceAll(/,"galaxy_check":true/g, '');
      return serve(known === undefined ? asked : { ...asked, body: JSON.parse(known) });
    },
  },
  'takes-any-options': {
    respond: instead(isSetUp, 400, (asked, serve) =>
      serve({ ...asked, body: { ...(asked.body as GameSetup), options: {} } }),
    ),
  },
  'takes-any-number-of-seats': {
    rules: (rules) => ({ ...rules, manifest: { ...rules.manifest, seats: { min: 1, max: 1_100 } } }),
    manifest: (manifest) => ({ ...manifest, seats: { min: 2, max: 4 } }),
  },
  'ignores-another-set-up': { respond: instead(isSetUp, 409, (_, serve) => stateFrom(serve)) },
  'refuses-a-repeated-set-up': {
    respond: async (asked, serve) => {
      if (isSetUp(asked)) setUps += 1;
      const refusal = { error: { code: 'invalid_state', message: 'There is a game.' } };
      return isSetUp(asked) && setUps > 1 ? { status: 409, body: refusal } : serve(asked);
    },
  },
  'has-an-empty-state-before-the-set-up': {
    respond: instead(
      (asked) => isFor(asked, 'GET', engineRoutes.game),
      404,
      async () => ({
        status: 200,
        body: { turn: 0 },
      }),
    ),
  },
  'waits-for-nobody': { respond: changeState((state) => ({ ...state, awaiting: [] })) },
  'leaves-a-seat-out-of-stats': {
    respond: changeState((state) => ({ ...state, stats: (state.stats as unknown[]).slice(1) })),
  },
  'takes-ships-back': {
    respond: changeState((state) => {
      ships -= 1;
      return { ...state, stats: (state.stats as object[]).map((row) => ({ ...row, ships_built: ships })) };
    }),
  },
  'validates-nothing': { respond: changing(isValidation, () => ({ problems: [] })) },
  'validates-any-turn': {
    respond: instead(isValidation, 409, async (asked, serve) => {
      const turn = turnOf(await stateFrom(serve)) + 1;
      return serve({ ...asked, body: { ...(asked.body as ValidateRequest), turn } });
    }),
  },
  'validates-orders-of-bots': {
    respond: instead(isValidation, 400, async () => ({ status: 200, body: { problems: [] } })),
  },
  'has-problems-without-a-path': {
    respond: changing(isValidation, ({ problems }) => ({
      problems: (problems as { path: string }[]).map((problem) => ({ ...problem, path: 'bid' })),
    })),
  },
  'validates-slowly': {
    respond: async (asked, serve) => {
      if (isValidation(asked)) await delay(3_000);
      return serve(asked);
    },
  },
  'never-responds-to-a-turn': {
    respond: async (asked, serve) => {
      if (isTurn(asked)) await delay(60_000);
      return serve(asked);
    },
  },
  'validation-plays': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      if (isValidation(asked) && reply.status === 200) validated = asked.body;
      const { seat, orders } = (validated ?? {}) as Partial<ValidateRequest>;
      const isState = isFor(asked, 'GET', engineRoutes.game);
      if (!isState || orders === undefined) return reply;
      return withBody(reply, (state) => ({ ...state, awaiting: [seat] }));
    },
  },
  'plays-repeats-again': {
    respond: async (asked, serve) => {
      if (!isTurn(asked)) return serve(asked);
      const state = await stateFrom(serve);
      const body = asked.body as TurnRequest;
      const isRepeat = state.status === 200 && body.turn === turnOf(state);
      return serve(isRepeat ? { ...asked, body: { ...body, turn: body.turn + 1 } } : asked);
    },
  },
  'plays-any-turn': {
    respond: async (asked, serve) => {
      if (!isTurn(asked)) return serve(asked);
      const turn = turnOf(await stateFrom(serve));
      const body = asked.body as TurnRequest;
      return serve(body.turn > turn ? { ...asked, body: { ...body, turn: turn + 1 } } : asked);
    },
  },
  'ignores-other-orders': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      if (!isTurn(asked)) return reply;
      if (reply.status === 200) played = reply;
      const repeated = turnOf(played ?? reply) === (asked.body as TurnRequest).turn;
      return reply.status === 409 && played !== undefined && repeated ? played : reply;
    },
  },
  'takes-rows-without-orders-as-missing': {
    respond: mistaking(isTurn, (body: TurnRequest) => ({
      ...body,
      ...(Array.isArray(body?.orders) && {
        orders: body.orders.map((row) => (row?.orders === null ? { ...row, state: 'missing' } : row)),
      }),
    })),
  },
  'fails-without-orders': {
    respond: async (asked, serve) => {
      const { orders } = (asked.body ?? {}) as Partial<TurnRequest>;
      const none = isTurn(asked) && Array.isArray(orders) && orders.every(({ state }) => state === 'missing');
      return none ? { status: 500, body: { error: { code: 'internal_error', message: '' } } } : serve(asked);
    },
  },
  'does-not-count-drafts': {
    respond: mistaking(isTurn, (body: TurnRequest) => ({
      ...body,
      ...(Array.isArray(body?.orders) && {
        orders: body.orders.map((row) =>
          row?.state === 'draft' ? { ...row, orders: null, state: 'missing' } : row,
        ),
      }),
    })),
  },
  'takes-large-bodies': { bodyLimitBytes: 20 * 1024 * 1024 },
  'tells-too-much': {
    respond: changing(isTurn, (body) => ({
      ...body,
      events: Array.from({ length: engineBounds.eventsPerSeat + 1 }, () => (body.events as unknown[])[0]),
    })),
  },
  'tells-strangers': {
    respond: changing(isTurn, (body) => ({ ...body, events: [{ to: [999], type: 'news', payload: {} }] })),
  },
  'throws-its-own-dice': {
    rules: (rules) => ({
      ...rules,
      resolve: (state, turn) => {
        const next = rules.resolve(state, turn).state as Bids;
        return { state: { ...next, prizes: { ...next.prizes, 1: Math.floor(Math.random() * 1e9) } } };
      },
    }),
  },
  'shows-orders-of-the-open-turn': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      if (isValidation(asked) && reply.status === 200) validated = asked.body;
      return isView(asked) ? withBody(reply, (view) => ({ ...view, validated })) : reply;
    },
  },
  'shows-every-turn-as-the-last': {
    respond: (asked, serve) => serve({ ...asked, path: asked.path.replace(/&turn=\d+$/, '') }),
  },
  'shows-the-seed': {
    respond: async (asked, serve) => {
      if (isSetUp(asked)) validated = (asked.body as GameSetup).seed;
      const reply = await serve(asked);
      return isView(asked) ? withBody(reply, (view) => ({ ...view, dice: validated })) : reply;
    },
  },
  'has-views-without-end': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      return isView(asked) ? withBody(reply, (view) => ({ ...view, map: 'x'.repeat(300_000) })) : reply;
    },
  },
  'lets-spectators-in': {
    respond: (asked, serve) => serve({ ...asked, path: asked.path.replace('for=spectator', 'for=seat:1') }),
  },
  'writes-orders-into-its-log': {
    respond: (asked, serve) => {
      if (isTurn(asked)) process.stdout.write(`played ${JSON.stringify(asked.body, null, 1)}\n`);
      return serve(asked);
    },
  },
  'writes-invalid-orders-into-its-log': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      const { problems = [] } = reply.body as { problems?: unknown[] };
      if (problems.length > 0) process.stderr.write(`invalid ${JSON.stringify(asked.body)}\n`);
      return reply;
    },
  },
  'writes-the-seed-into-its-log': {
    respond: (asked, serve) => {
      if (isSetUp(asked)) process.stderr.write(`seed ${(asked.body as GameSetup)?.seed}\n`);
      return serve(asked);
    },
  },
  'refuses-to-vacate-twice': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      if (!isVacating(asked) || reply.status !== 200) return reply;
      vacated += 1;
      const refusal = { error: { code: 'invalid_state', message: 'The seat is vacant.' } };
      return vacated > 1 ? { status: 409, body: refusal } : reply;
    },
  },
  'vacating-ends-the-game-at-once': {
    respond: async (asked, serve) => {
      const reply = await serve(asked);
      if (isVacating(asked) && reply.status === 200) vacated += 1;
      const isState = isFor(asked, 'GET', engineRoutes.game);
      return isState && vacated > 0 ? withBody(reply, (state) => ({ ...state, alive: [1] })) : reply;
    },
  },
  'forgets-vacant-seats': { game: 'four-in-a-row', folder: (path) => new ForgetfulFolder(path) },
  'waits-for-bots': {
    game: 'four-in-a-row',
    rules: (rules) => ({ ...rules, manifest: { ...rules.manifest, turn_order: 'simultaneous' } }),
    manifest: (manifest) => ({ ...manifest, turn_order: 'sequential' }),
  },
  'plays-after-the-end': {
    respond: instead(isTurn, 409, (_, serve) => stateFrom(serve)),
  },
  'responds-before-it-saves': { folder: (path) => new LateFolder(path) },
  'writes-files-in-place': { folder: (path) => new CarelessFolder(path) },
  'keeps-its-game-elsewhere': { folder: (path) => new GameFolder(join(path, '..', 'elsewhere')) },
  'begins-again-when-it-cannot-read': {
    onUnreadable: async (path) => {
      for (const name of await readdir(path)) await rm(join(path, name));
    },
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

/** As a program that accepts a connection, waits for its request, responds, and only then accepts the next one. */
function serveOneAtATime(server: Server): void {
  let last: Promise<unknown> = Promise.resolve();
  const turns = new WeakMap<Socket, Promise<unknown>>();
  server.on('connection', (socket: Socket) => {
    turns.set(socket, last);
    last = Promise.all([last, once(socket, 'close').catch(() => undefined)]);
  });
  const [listener] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response) => {
    response.setHeader('connection', 'close');
    void turns.get(request.socket)?.then(() => listener?.call(server, request, response));
  });
}

async function openGame(fault: Fault, rules: AnyRules, path: string) {
  const open = () => Game.open(rules, fault.folder?.(path) ?? new GameFolder(path));
  try {
    return await open();
  } catch (error) {
    if (fault.onUnreadable === undefined) throw error;
    await fault.onUnreadable(path);
    return open();
  }
}

const bidsWithBots: AnyRules = {
  ...sealedBids,
  manifest: {
    ...sealedBids.manifest,
    options_schema: {
      type: 'object',
      properties: {
        turns: { type: 'integer', minimum: 5, maximum: 30 },
        bots: { type: 'integer', minimum: 0, maximum: 3 },
      },
      additionalProperties: false,
    },
  },
};

async function run(fault: Fault, environment: NodeJS.ProcessEnv): Promise<void> {
  fault.start?.();
  const base: AnyRules = fault.game === 'four-in-a-row' ? fourInARow : bidsWithBots;
  const rules = fault.rules?.(base) ?? base;
  const game = await openGame(fault, rules, environment[engineEnvironment.dataFolder] ?? '');
  const manifest: Manifest = { protocol: engineProtocol, ...rules.manifest };
  const options = {
    log: createLogger({ service: 'wrong-engine', level: 'warn' }),
    ready: () => true,
    bodyLimitBytes: fault.bodyLimitBytes ?? 9 * 1024 * 1024,
  };
  const app = createEngineApp(options, manifest, game);
  const serve: Serve = async ({ method, path, body }) => {
    const sent =
      body === undefined
        ? {}
        : {
            body: typeof body === 'string' ? body : JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          };
    const response = await app.request(path, { method, ...sent });
    const reply = { status: response.status, body: await response.json() };
    return path === engineRoutes.manifest
      ? { ...reply, body: fault.manifest?.(manifest) ?? manifest }
      : reply;
  };
  const server = createServer((request, response) => {
    void text(request)
      .then((body) => {
        const asked = {
          method: request.method ?? '',
          path: request.url ?? '',
          body: parsed(body, options.bodyLimitBytes),
        };
        return (fault.respond ?? ((one, next) => next(one)))(asked, serve);
      })
      .then(({ status, body, headers = { 'content-type': 'application/json' } }) =>
        response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body)),
      );
  });
  fault.server?.(server);
  if (process.listenerCount('SIGTERM') === 0) process.on('SIGTERM', () => process.exit());
  server.listen(
    Number(environment[engineEnvironment.port]),
    fault.host ?? environment[engineEnvironment.host],
  );
}

/** What is not JSON, or too large, stays a text. */
function parsed(body: string, limit: number): unknown {
  if (body === '') return undefined;
  if (body.length > limit) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

const fault: Fault | undefined = faults[process.argv[2] as FaultName];
if (fault === undefined) throw new Error(`there is no fault ${process.argv[2]}`);
await run(fault, process.env);
