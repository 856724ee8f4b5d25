// Speaks to the engine of one game; docs/engine-interface.md is the contract. Engines are written by others, so every
// response is bounded in time and size, and nothing is believed that is not as described. Nothing that an engine says
// gets into an error, since it may repeat orders.
import type { z } from 'zod';
import {
  type Audience,
  audienceText,
  engineBounds,
  engineRoutes,
  type GameSetup,
  type GameState,
  gameStateSchema,
  type Manifest,
  manifestSchema,
  type OrderProblem,
  type TurnRequest,
  type TurnResponse,
  turnResponseSchema,
  type ValidateRequest,
  validateResponseSchema,
} from '../../engine/api.ts';
import {
  askService,
  ResponseTooLarge,
  type ServiceQuestion,
  type ServiceResponse,
} from '../../http/ask-service.ts';
import { isDeeperThan } from '../../http/json-depth.ts';
import { isStorableJson } from '../../http/storable-json.ts';
import { EngineTrouble } from '../domain/engine-trouble.ts';
import { type EngineCall as EngineCallName, engineCalled } from '../instruments.ts';

/** A state of 1,100 seats has 200 KiB at most. */
const maxBytes = 1024 * 1024;
/** With 20 events of 4 KiB for each of a hundred seats. */
const maxTurnBytes = 8 * 1024 * 1024;
/** Far more than data has; what is deeper cannot be written as JSON again. */
const maxDepth = 100;

/** How one call is made. */
export type EngineCall = {
  /** Bound on the whole exchange, body included. */
  readonly timeoutMs: number;
  /** The trace context of the caller, where there is one. */
  readonly traceparent?: string | undefined;
};

/** `other_turn`: the engine is at another turn than the orders are for. */
export type Validation =
  | { readonly kind: 'problems'; readonly problems: readonly OrderProblem[] }
  | { readonly kind: 'other_turn' };

/** The engine of one game. Every method throws `EngineTrouble` when it has no response that makes sense. */
export type Engine = {
  manifest(call: EngineCall): Promise<Manifest>;
  setUp(setup: GameSetup, call: EngineCall): Promise<GameState>;
  /** @returns undefined before the game was set up. */
  state(call: EngineCall): Promise<GameState | undefined>;
  validate(request: ValidateRequest, call: EngineCall): Promise<Validation>;
  playTurn(request: TurnRequest, call: EngineCall): Promise<TurnResponse>;
  /** What an audience may see after a turn that was played. */
  view(audience: Audience, turn: number, call: EngineCall): Promise<unknown>;
  vacate(seat: number, call: EngineCall): Promise<GameState>;
};

type Question = {
  readonly call: EngineCallName;
  readonly method: ServiceQuestion['method'];
  readonly route: string;
  readonly body?: unknown;
  readonly maxBytes?: number;
};

/** @param send sends a request, as `askService` does. */
export function openEngine(endpoint: string, send: typeof askService = askService): Engine {
  const ask = async (question: Question, call: EngineCall) => {
    const { call: name, method, route, body, maxBytes: bound = maxBytes } = question;
    const startedAt = performance.now();
    try {
      return await send(`${endpoint}${route}`, { method, body, maxBytes: bound, ...call });
    } catch (error) {
      throw error instanceof ResponseTooLarge
        ? new EngineTrouble('faulty', `the engine’s response to ${method} ${route} is too large`, error)
        : new EngineTrouble('unreachable', `the engine gives no whole response to ${method} ${route}`, error);
    } finally {
      engineCalled(name, (performance.now() - startedAt) / 1_000);
    }
  };
  const askFor = async <T>(schema: z.ZodType<T>, question: Question, call: EngineCall) =>
    read(schema, question, await ask(question, call));

  return {
    async manifest(call) {
      const question: Question = { call: 'manifest', method: 'GET', route: engineRoutes.manifest };
      const response = await ask(question, call);
      if (response.status === 404 || speaksAnotherVersion(response.text)) {
        throw new EngineTrouble('unsupported', 'the engine does not speak this version of the interface');
      }
      return read(manifestSchema, question, response);
    },
    setUp: (setup, call) =>
      askFor(gameStateSchema, { call: 'set_up', method: 'PUT', route: engineRoutes.game, body: setup }, call),
    async state(call) {
      const question: Question = { call: 'state', method: 'GET', route: engineRoutes.game };
      const response = await ask(question, call);
      return response.status === 404 ? undefined : read(gameStateSchema, question, response);
    },
    async validate(request, call) {
      const question: Question = {
        call: 'validate',
        method: 'POST',
        route: engineRoutes.validate,
        body: request,
      };
      const response = await ask(question, call);
      if (response.status === 409) return { kind: 'other_turn' };
      return { kind: 'problems', problems: read(validateResponseSchema, question, response).problems };
    },
    playTurn: (request, call) =>
      askFor(
        turnResponseSchema,
        { call: 'turn', method: 'POST', route: engineRoutes.turns, body: request, maxBytes: maxTurnBytes },
        call,
      ),
    async view(audience, turn, call) {
      const route = `${engineRoutes.view}?for=${audienceText(audience)}&turn=${turn}`;
      const question: Question = { call: 'view', method: 'GET', route, maxBytes: engineBounds.viewBytes };
      return readJson(question, await ask(question, call));
    },
    vacate: (seat, call) =>
      askFor(
        gameStateSchema,
        { call: 'vacate', method: 'PUT', route: engineRoutes.seat(seat), body: { vacant: true } },
        call,
      ),
  };
}

/** Version 1 has no manifest; another version may have one of another shape. */
function speaksAnotherVersion(text: string): boolean {
  try {
    const manifest: unknown = JSON.parse(text);
    const protocol = manifestSchema.pick({ protocol: true });
    return (
      typeof manifest === 'object' &&
      manifest !== null &&
      'protocol' in manifest &&
      Number.isSafeInteger(manifest.protocol) &&
      !protocol.safeParse(manifest).success
    );
  } catch {
    return false;
  }
}

function read<T>(schema: z.ZodType<T>, question: Question, response: ServiceResponse): T {
  const parsed = schema.safeParse(readJson(question, response));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues
    .slice(0, 3)
    .map(({ path }) => path.slice(0, 5).map(nameOfKey).join('.') || 'the whole')
    .join(', ');
  throw new EngineTrouble(
    'faulty',
    `the engine’s response to ${question.method} ${question.route} is not as described: see ${where}`,
  );
}

/** Names of the schema and positions, and no key that the engine chose. */
function nameOfKey(key: PropertyKey): string {
  return typeof key === 'number' || /^[a-z_]{1,20}$/.test(String(key)) ? String(key) : '?';
}

function readJson({ method, route }: Question, { status, text }: ServiceResponse): unknown {
  const faulty = (what: string) =>
    new EngineTrouble('faulty', `the engine’s response to ${method} ${route} ${what}`);
  // An engine that has the game knows every turn that was played, and the next one.
  if (status === 404 || status === 409) {
    throw new EngineTrouble('state_lost', `the engine refused ${method} ${route} with status ${status}`);
  }
  if (status !== 200) throw faulty(`has status ${status}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The reason would quote what the engine sent.
    throw faulty('is not JSON');
  }
  if (isDeeperThan(value, maxDepth)) throw faulty(`is nested deeper than ${maxDepth} levels`);
  if (!isStorable(value, text)) throw faulty('has a character that cannot be stored: NUL, or half of a pair');
  return value;
}

/** JSON can only hold what PostgreSQL does not store as escapes, so most texts need no second look. */
function isStorable(value: unknown, text: string): boolean {
  return !/\\u(?:0000|d[89a-f])/i.test(text) || isStorableJson(value);
}
