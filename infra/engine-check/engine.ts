// An engine under test: a process that is started as the Runtime Manager starts it, with a folder of its own, and the
// requests that it gets. Every response is held against what the interface says of all of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import {
  type Audience,
  audienceText,
  engineBounds,
  engineEnvironment,
  engineRoutes,
} from '../../lib/engine/api.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { isDeeperThan } from '../../lib/http/json-depth.ts';
import { isStorableJson } from '../../lib/http/storable-json.ts';
import { within } from '../../lib/node/process.ts';
import { signalGroup } from '../../lib/node/process-groups.ts';
import { StartFailed } from '../../lib/runtime-manager/drivers/driver.ts';
import { untilHealthy } from '../../lib/runtime-manager/drivers/health.ts';
import { freePort } from '../local/child.ts';
import { type Attempt, curl, type Exchange, type Method } from './exchange.ts';
import { type Saying, says } from './interface-says.ts';
import { Late, Violation } from './violation.ts';

/** As the Game Master bounds them (docs/engine-interface.md). */
const validateTimeoutMs = 2_000;
const viewTimeoutMs = 5_000;
const healthTimeoutMs = 1_000;
const responseBytes = 1024 * 1024;
const turnResponseBytes = 8 * 1024 * 1024;
const maxDepth = 100;
/** Default of `RM_STOP_TIMEOUT`. */
export const stopTimeoutMs = 5_000;
/** The reason why a connection broke may come a moment after it. */
const endNoticeMs = 300;
const lastOutputLength = 2_500;

export const loopback = '127.0.0.1';

export type EngineOptions = {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Variables next to those that the interface names. */
  readonly environment: Readonly<Record<string, string>>;
  readonly engineVersion: string;
  readonly startTimeoutMs: number;
  /** Bound on requests that no player waits for. */
  readonly requestTimeoutMs: number;
  /** Ends everything. */
  readonly signal: AbortSignal;
};

type Running = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
};

export type Sent = { readonly method: Method; readonly path: string; readonly body?: unknown };

export class Engine {
  /** Of this engine; holds its data, its output and the requests that it got. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly #options: EngineOptions;
  readonly #transcript: string[] = [];
  #running: Running | undefined;
  #seed: string | undefined;

  constructor(folder: string, options: EngineOptions) {
    this.folder = folder;
    this.dataFolder = join(folder, 'data');
    this.#options = options;
  }

  get address(): { readonly host: string; readonly port: number } {
    const { host, port } = this.#require();
    return { host, port };
  }

  /** On a port that it did not have before. @throws Violation when it does not become healthy. */
  async start(host = loopback): Promise<void> {
    if (this.#running !== undefined) throw new TypeError('the engine runs already');
    await mkdir(this.dataFolder, { recursive: true, mode: 0o700 });
    const port = await freePort();
    const running = await this.#spawn(host, port);
    this.#running = running;
    const { startTimeoutMs, signal } = this.#options;
    try {
      await untilHealthy(`http://${host}:${port}`, { timeoutMs: startTimeoutMs, signal }, async () => {
        if (hasEnded(running.child)) {
          throw new Violation(
            `The engine ended before it was healthy (${howEnded(running.child)}). ${await this.#lastOutput()}`,
          );
        }
      });
    } catch (error) {
      await this.kill();
      throw error instanceof StartFailed ? new Violation(error.message) : error;
    }
  }

  async #spawn(host: string, port: number): Promise<Running> {
    const { command, environment, engineVersion } = this.#options;
    const [file = '', ...args] = command;
    this.#transcript.push(`# started, with E=http://${host}:${port}`);
    const output = await open(this.#outputFile, 'a', 0o600);
    try {
      const child = spawn(file, args, {
        cwd: this.dataFolder,
        env: {
          ...environment,
          [engineEnvironment.host]: host,
          [engineEnvironment.port]: String(port),
          [engineEnvironment.version]: engineVersion,
          [engineEnvironment.dataFolder]: this.dataFolder,
        },
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await once(child, 'spawn');
      const { pid } = child;
      if (pid === undefined) throw new TypeError('a spawned process must have a pid');
      groups.add(pid);
      void ended.then(() => {
        signalGroup(pid, 'SIGKILL');
        groups.delete(pid);
      });
      return { child, pid, ended, host, port, agent: new Agent({ keepAliveTimeout: 1_000 }) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new OperatorError(`${file} cannot be started: ${message}`, { cause: error });
    } finally {
      await output.close();
    }
  }

  /** SIGKILL to all its processes. Harmless when it has ended. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#transcript.push('# killed with SIGKILL');
    signalGroup(running.pid, 'SIGKILL');
    await running.ended;
    await this.#forget(running);
  }

  /** SIGTERM. @returns whether it has ended in time; if not it is killed. */
  async terminate(): Promise<boolean> {
    const running = this.#require();
    this.#transcript.push('# ended with SIGTERM');
    signalGroup(running.pid, 'SIGTERM');
    const inTime = await within(stopTimeoutMs, running.ended);
    if (!inTime) await this.kill();
    else await this.#forget(running);
    return inTime;
  }

  /** Kills it and starts it again, on the same data and another port. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async #forget({ agent }: Running): Promise<void> {
    this.#running = undefined;
    await agent.destroy();
  }

  /** Of its game. */
  get seed(): string | undefined {
    return this.#seed;
  }

  /** No response may hold it from now on. */
  keepSecret(seed: string): void {
    this.#seed = seed;
  }

  /** What it wrote to standard output and standard error. */
  output(): Promise<string> {
    return readFile(this.#outputFile, 'utf8');
  }

  /** Ends it, and writes the requests that it got for its author. */
  async close(): Promise<void> {
    await this.kill();
    const head = '# The requests of engine:check to this engine, whose data folder was empty at first.';
    await writeFile(join(this.folder, 'requests.sh'), `${[head, ...this.#transcript].join('\n')}\n`);
  }

  health(): Promise<Exchange> {
    return this.ask({ method: 'GET', path: engineRoutes.health });
  }

  manifest(): Promise<Exchange> {
    return this.ask({ method: 'GET', path: engineRoutes.manifest });
  }

  setUp(body: unknown): Promise<Exchange> {
    return this.ask({ method: 'PUT', path: engineRoutes.game, body });
  }

  state(): Promise<Exchange> {
    return this.ask({ method: 'GET', path: engineRoutes.game });
  }

  validate(body: unknown): Promise<Exchange> {
    return this.ask({ method: 'POST', path: engineRoutes.validate, body });
  }

  play(body: unknown): Promise<Exchange> {
    return this.ask({ method: 'POST', path: engineRoutes.turns, body });
  }

  view(audience: Audience, turn: number): Promise<Exchange> {
    return this.ask({
      method: 'GET',
      path: `${engineRoutes.view}?for=${audienceText(audience)}&turn=${turn}`,
    });
  }

  vacate(seat: number, body: unknown = { vacant: true }): Promise<Exchange> {
    return this.ask({ method: 'PUT', path: engineRoutes.seat(seat), body });
  }

  /** @throws Violation when there is no whole response in time, or one that no response may be like. */
  ask({ method, path, body }: Sent): Promise<Exchange> {
    return this.askRaw({ method, path, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  /** @param onHeaders called when the status of the response has come. */
  async askRaw(attempt: Attempt, onHeaders: () => void = () => undefined): Promise<Exchange> {
    const timeoutMs = boundsOf(attempt.path).timeoutMs ?? this.#options.requestTimeoutMs;
    const overdue = AbortSignal.timeout(timeoutMs);
    const { host, port, agent } = this.#require();
    const at = this.#transcript.push(curl(attempt)) - 1;
    try {
      const response = await request(`http://${host}:${port}${attempt.path}`, {
        dispatcher: agent,
        method: attempt.method,
        headers: {
          accept: 'application/json',
          ...(attempt.body !== undefined && { 'content-type': 'application/json' }),
        },
        body: attempt.body ?? null,
        signal: AbortSignal.any([overdue, this.#options.signal]),
      });
      onHeaders();
      this.#transcript[at] += `  # ${response.statusCode}`;
      const type = String(response.headers['content-type']);
      const text = await this.#read(attempt, response.statusCode, response.body);
      return this.#checked(attempt, { status: response.statusCode, type, text });
    } catch (error) {
      if (error instanceof Violation) throw error;
      this.#options.signal.throwIfAborted();
      throw await this.#noResponse(attempt, error, overdue.aborted ? timeoutMs : undefined);
    }
  }

  async #read(attempt: Attempt, status: number, body: AsyncIterable<Uint8Array>): Promise<string> {
    const { maxBytes, large } = boundsOf(attempt.path);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          const shown = { ...attempt, status, text };
          throw new Violation(`The response is larger than ${maxBytes} bytes.`, [shown], large);
        }
        text += decoder.decode(chunk, { stream: true });
      }
      return text + decoder.decode();
    } catch (error) {
      if (
        !(error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      ) {
        throw error;
      }
      throw new Violation('The response is not UTF-8.', [{ ...attempt, status, text }], says.json);
    }
  }

  #checked(
    attempt: Attempt,
    { status, type, text }: { status: number; type: string; text: string },
  ): Exchange {
    const shown = { ...attempt, status, text };
    if (status >= 300 && status < 400) {
      throw new Violation(`The response is a redirect (${status}).`, [shown], says.redirects);
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw new Violation(`The response (status ${status}) is not JSON.`, [shown], says.json);
    }
    if (!/^application\/json(;|$)/i.test(type)) {
      throw new Violation(`The response says that it is ${type}, not application/json.`, [shown], says.json);
    }
    if (isDeeperThan(json, maxDepth)) {
      throw new Violation(
        `The response is nested more than ${maxDepth} levels deep.`,
        [shown],
        says.storable,
      );
    }
    if (!isStorableJson(json)) {
      throw new Violation('A text in the response has NUL, or half of a pair.', [shown], says.storable);
    }
    if (this.#seed !== undefined && text.toLowerCase().includes(this.#seed)) {
      throw new Violation('The response holds the seed of the game.', [shown], says.viewHolds);
    }
    return { ...attempt, status, text, json };
  }

  async #noResponse(attempt: Attempt, error: unknown, timeoutMs: number | undefined): Promise<Violation> {
    if (timeoutMs !== undefined) {
      return new Late(timeoutMs, attempt, boundsOf(attempt.path).late);
    }
    const running = this.#running;
    if (running !== undefined) await Promise.race([running.ended, delay(endNoticeMs)]);
    if (running === undefined || hasEnded(running.child)) {
      const how = running === undefined ? 'it was killed' : howEnded(running.child);
      return new Violation(`The engine ended (${how}) without a response. ${await this.#lastOutput()}`, [
        attempt,
      ]);
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new Violation(`The connection broke without a whole response (${reason}).`, [attempt]);
  }

  async #lastOutput(): Promise<string> {
    const last = (await this.output()).trimEnd().slice(-lastOutputLength).split('\n').slice(-20).join('\n');
    return last === '' ? 'It wrote nothing.' : `Its last output:\n${last}`;
  }

  #require(): Running {
    if (this.#running === undefined) throw new TypeError('the engine must have been started');
    return this.#running;
  }

  get #outputFile(): string {
    return join(this.folder, 'engine.log');
  }
}

/** Bounds of the response to a request, and what the interface says of them. */
function boundsOf(path: string): {
  readonly maxBytes: number;
  readonly large: Saying;
  /** Without it, as long as the turn worker waits. */
  readonly timeoutMs?: number;
  readonly late: Saying;
} {
  const usual = { maxBytes: responseBytes, large: says.otherBytes, late: says.late };
  if (path === engineRoutes.health) return { ...usual, timeoutMs: healthTimeoutMs, late: says.healthSoon };
  if (path === engineRoutes.validate) {
    return { ...usual, timeoutMs: validateTimeoutMs, late: says.lateToValidate };
  }
  if (path === engineRoutes.turns) return { ...usual, maxBytes: turnResponseBytes, large: says.turnBytes };
  if (!path.startsWith(engineRoutes.view)) return usual;
  return {
    maxBytes: engineBounds.viewBytes,
    large: says.viewBytes,
    timeoutMs: viewTimeoutMs,
    late: says.lateView,
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function howEnded({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit code ${exitCode}`;
}

// Engines that would outlive this process.
const groups = new Set<number>();
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
});
