// The part of the Docker Engine API that the driver needs, over its unix socket.
import { Agent, request } from 'undici';
import { z } from 'zod';
import { DriverUnavailable } from './driver.ts';

const responseTimeoutMs = 10_000;
const frameHeaderBytes = 8;

const createdSchema = z.object({ Id: z.string().min(1) });
const containerSchema = z.object({
  Id: z.string().min(1),
  State: z.object({
    Running: z.boolean(),
    Restarting: z.boolean().default(false),
    ExitCode: z.int().default(0),
  }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullable() }),
  HostConfig: z.object({
    PortBindings: z.record(z.string(), z.array(z.object({ HostPort: z.string() })).nullable()).nullish(),
  }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
  }),
});
export type Container = z.infer<typeof containerSchema>;

/** Of one that has ended, there is no usage. */
const statsSchema = z.object({ memory_stats: z.object({ usage: z.int().optional() }).default({}) });

const networkSchema = z.object({ Internal: z.boolean() });
export type Network = z.infer<typeof networkSchema>;

/** Docker refused a request. */
export class DockerRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'DockerRefusal';
    this.status = status;
  }
}

export class DockerApi {
  readonly #socketPath: string;
  readonly #agent: Agent;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
    this.#agent = new Agent({ connect: { socketPath } });
  }

  /** @returns the container's id. @throws DockerRefusal 404 without the image, 409 when the name is taken. */
  async create(name: string, body: Readonly<Record<string, unknown>>): Promise<string> {
    const created = await this.#call('POST', `/containers/create?name=${name}`, { body });
    return createdSchema.parse(jsonOf(created)).Id;
  }

  /** @param container id or name. */
  async inspect(container: string): Promise<Container | undefined> {
    const body = await this.#call('GET', `/containers/${container}/json`, { accept: [404] });
    return body === undefined ? undefined : containerSchema.parse(jsonOf(body));
  }

  async inspectNetwork(name: string): Promise<Network | undefined> {
    const body = await this.#call('GET', `/networks/${name}`, { accept: [404] });
    return body === undefined ? undefined : networkSchema.parse(jsonOf(body));
  }

  /** Succeeds also when the name is taken. */
  async createNetwork(body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#call('POST', '/networks/create', { body, accept: [409] });
  }

  async start(container: string): Promise<void> {
    await this.#call('POST', `/containers/${container}/start`, { accept: [304] });
  }

  /** Succeeds also when the container has ended or does not exist. */
  async stop(container: string, timeoutMs: number): Promise<void> {
    const seconds = Math.ceil(timeoutMs / 1_000);
    await this.#call('POST', `/containers/${container}/stop?t=${seconds}`, {
      accept: [304, 404],
      timeoutMs: responseTimeoutMs + timeoutMs,
    });
  }

  async remove(container: string): Promise<void> {
    await this.#call('DELETE', `/containers/${container}?v=true&force=true`, { accept: [404] });
  }

  /** undefined when it does not run. */
  async memoryBytes(container: string): Promise<number | undefined> {
    const path = `/containers/${container}/stats?stream=false&one-shot=true`;
    const body = await this.#call('GET', path, { accept: [404] });
    return body === undefined ? undefined : statsSchema.parse(jsonOf(body)).memory_stats.usage;
  }

  /** The last lines that it wrote. */
  async lastLines(container: string, count = 5): Promise<string> {
    const path = `/containers/${container}/logs?stdout=true&stderr=true&tail=${count}`;
    const body = await this.#call('GET', path, { accept: [404] });
    return body === undefined ? '' : textOfLogs(body);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** @returns the body; undefined for a status of `accept`: there is nothing to do. */
  async #call(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options: { body?: unknown; accept?: readonly number[]; timeoutMs?: number } = {},
  ): Promise<Buffer | undefined> {
    const { status, body } = await this.#exchange(method, path, options);
    if (status >= 200 && status < 300) return body;
    if (options.accept?.includes(status) === true) return undefined;
    throw new DockerRefusal(status, refusalOf(body));
  }

  async #exchange(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, timeoutMs = responseTimeoutMs }: { body?: unknown; timeoutMs?: number },
  ): Promise<{ status: number; body: Buffer }> {
    try {
      const response = await request(`http://docker${path}`, {
        dispatcher: this.#agent,
        method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.statusCode, body: Buffer.from(await response.body.arrayBuffer()) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new DriverUnavailable(`Docker does not respond at ${this.#socketPath}: ${why}`, { cause: error });
    }
  }
}

function jsonOf(body: Buffer | undefined): unknown {
  return JSON.parse(String(body));
}

function refusalOf(body: Buffer): string {
  try {
    return z.object({ message: z.string() }).parse(jsonOf(body)).message;
  } catch {
    return body.toString('utf8', 0, 500);
  }
}

/** Logs come in frames: one byte for the stream, three unused, four for the length, then as many bytes of text. */
function textOfLogs(frames: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at + frameHeaderBytes <= frames.length; ) {
    const end = at + frameHeaderBytes + frames.readUInt32BE(at + 4);
    texts.push(frames.toString('utf8', at + frameHeaderBytes, end));
    at = end;
  }
  return texts.join('').trim();
}
