// Engines as Docker containers. A container is named after its start job, and Docker allows a name once, so that no job
// gets two containers, whatever this process remembers. Docker does not start them again by itself, since their
// addresses may change with every start.
//
// Engines are written by others, so a container gets little: bounded memory, processors and processes, no capabilities,
// nothing to write to but its data folder and /tmp, and a network from which nothing leads out. Unless the operator names
// one, that network is made here; in it engines do not reach each other, and this machine reaches them by their addresses.
import { engineEnvironment } from '../../engine/api.ts';
import type { CatalogueEntry, EngineCatalogue } from '../../engine/catalogue.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import { type Container, DockerApi, DockerRefusal } from './docker-api.ts';
import { type Driver, engineOf, type LogTail, type Runtime, StartFailed } from './driver.ts';
import { untilHealthy } from './health.ts';

const enginePort = 8_080;
const dataFolder = '/data';
const jobLabel = 'galaxy.start_job_id';
const gameLabel = 'galaxy.game_id';
const ownNetwork = 'galaxy-engines';
const mebibyte = 1_048_576;
/** That Docker is asked for. */
const loggedLines = 1_000;
/** Where the catalogue sets no limits. */
const defaultLimits = { memory_mib: 512, cpus: 1, pids: 128 };

export type DockerDriverOptions = {
  readonly socketPath: string;
  readonly catalogue: EngineCatalogue;
  /** A Docker network that this process and the Game Master are in; undefined: the driver's own, on this machine. */
  readonly network: string | undefined;
  /** Further variables of every engine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stopTimeoutMs: number;
};

export class DockerDriver implements Driver {
  readonly #options: DockerDriverOptions;
  readonly #docker: DockerApi;

  constructor(options: DockerDriverOptions) {
    this.#options = options;
    this.#docker = new DockerApi(options.socketPath);
  }

  async start(job: EngineJob, bounds: Parameters<Driver['start']>[1]): Promise<Runtime> {
    const name = nameOf(job.jobId);
    try {
      const found = await this.#findOrCreate(job, name);
      await this.#docker.start(found.Id);
      const engineEndpoint = await this.#endpointOf(found.Id, name);
      await untilHealthy(engineEndpoint, bounds, () => this.#requireRunning(found.Id));
      return { containerId: found.Id, engineEndpoint };
    } catch (error) {
      if (!(error instanceof DockerRefusal)) throw error;
      throw new StartFailed(
        'container_failed',
        `Docker refused with status ${error.status}: ${error.message}`,
      );
    }
  }

  async hasEnded(jobId: string): Promise<boolean> {
    return (await this.#docker.inspect(nameOf(jobId)))?.State.Running !== true;
  }

  async halt(jobId: string): Promise<void> {
    const container = await this.#docker.inspect(nameOf(jobId));
    if (isOf(jobId, container)) await this.#docker.stop(container.Id, this.#options.stopTimeoutMs);
  }

  /** Also removes its volume. */
  async remove(jobId: string): Promise<void> {
    const container = await this.#docker.inspect(nameOf(jobId));
    if (!isOf(jobId, container)) return;
    await this.#docker.stop(container.Id, this.#options.stopTimeoutMs);
    await this.#docker.remove(container.Id);
  }

  async memoryBytes(jobId: string): Promise<number | undefined> {
    return this.#docker.memoryBytes(nameOf(jobId));
  }

  async logTail(jobId: string, maxBytes: number): Promise<LogTail | undefined> {
    const container = await this.#docker.inspect(nameOf(jobId));
    if (!isOf(jobId, container)) return undefined;
    const lines = await this.#docker.lastLines(container.Id, loggedLines);
    const bytes = Buffer.from(lines);
    const cut = bytes.length > maxBytes;
    return { text: cut ? bytes.toString('utf8', bytes.length - maxBytes) : lines, cut };
  }

  async forget(): Promise<void> {}

  close(): Promise<void> {
    return this.#docker.close();
  }

  /** A container gets its address when it starts. */
  async #endpointOf(id: string, name: string): Promise<string> {
    if (this.#options.network !== undefined) return `http://${name}:${enginePort}`;
    const container = await this.#docker.inspect(id);
    const port = container?.HostConfig.PortBindings?.[`${enginePort}/tcp`]?.[0]?.HostPort;
    // Made by an earlier version, before engines had a network of their own.
    if (port !== undefined) return `http://127.0.0.1:${port}`;
    const address = container?.NetworkSettings.Networks?.[ownNetwork]?.IPAddress ?? '';
    if (address !== '') return `http://${address}:${enginePort}`;
    await this.#requireRunning(id);
    throw new StartFailed(
      'container_failed',
      `The container ${name} has no address in the Docker network ${ownNetwork}.`,
    );
  }

  /** The container that exists already, or a new one. */
  async #findOrCreate(job: EngineJob, name: string): Promise<Container> {
    const found = (await this.#docker.inspect(name)) ?? (await this.#create(job, name));
    if (isOf(job.jobId, found)) return found;
    throw new StartFailed(
      'container_failed',
      `A container that does not belong to the Runtime Manager has the name ${name}. Remove or rename it.`,
    );
  }

  async #create(job: EngineJob, name: string): Promise<Container> {
    const { catalogue, environment } = this.#options;
    const engine = engineOf(catalogue, job);
    const { image } = engine;
    if (image === undefined) throw new TypeError('the catalogue was checked for images at start');
    const network = await this.#closedNetwork();
    const variables = {
      ...environment,
      [engineEnvironment.host]: '0.0.0.0',
      [engineEnvironment.port]: String(enginePort),
      [engineEnvironment.version]: job.engineVersion,
      [engineEnvironment.dataFolder]: dataFolder,
    };
    try {
      await this.#docker.create(name, {
        Image: image,
        Env: Object.entries(variables).map(([variable, value]) => `${variable}=${value}`),
        Labels: { [jobLabel]: job.jobId, [gameLabel]: job.gameId },
        Volumes: { [dataFolder]: {} },
        HostConfig: { NetworkMode: network, ...confinement(engine) },
      });
    } catch (error) {
      if (!(error instanceof DockerRefusal)) throw error;
      if (error.status === 404) {
        throw new StartFailed(
          'image_not_found',
          `Docker has no image ${image} (${error.message}). Pull or build it, then start the game again.`,
        );
      }
      // Created since it was looked up: by a call whose response did not arrive.
      if (error.status !== 409) throw error;
    }
    const created = await this.#docker.inspect(name);
    if (created !== undefined) return created;
    throw new StartFailed('container_failed', `The container ${name} was removed while it was started.`);
  }

  /** @returns the name of the network of engines. @throws StartFailed when something leads out of it. */
  async #closedNetwork(): Promise<string> {
    const { network = ownNetwork } = this.#options;
    let found = await this.#docker.inspectNetwork(network);
    if (found === undefined && network === ownNetwork) {
      await this.#docker.createNetwork({
        Name: ownNetwork,
        Driver: 'bridge',
        Internal: true,
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      });
      found = await this.#docker.inspectNetwork(network);
    }
    if (found?.Internal === true) return network;
    const what = found === undefined ? 'does not exist' : 'lets engines out';
    throw new StartFailed(
      'container_failed',
      `The Docker network ${network} ${what}. Create it with docker network create --internal ${network}, and start the game again.`,
    );
  }

  async #requireRunning(id: string): Promise<void> {
    const container = await this.#docker.inspect(id);
    if (container?.State.Running === true && !container.State.Restarting) return;
    const output = await this.#docker.lastLines(id);
    throw new StartFailed(
      'engine_ended',
      `The engine ended before it was healthy, with exit code ${container?.State.ExitCode}. ` +
        (output === '' ? 'It wrote nothing.' : `Its last output: ${output}`),
    );
  }
}

/** Anyone may create a container with such a name; the label shows that the Runtime Manager did. */
function isOf(jobId: string, container: Container | undefined): container is Container {
  return container?.Config.Labels?.[jobLabel] === jobId;
}

/** What keeps an engine from harming its machine, or others. */
function confinement({ limits }: Pick<CatalogueEntry, 'limits'>) {
  const memory = (limits.memory_mib ?? defaultLimits.memory_mib) * mebibyte;
  return {
    Memory: memory,
    // No swap besides.
    MemorySwap: memory,
    NanoCpus: Math.round((limits.cpus ?? defaultLimits.cpus) * 1e9),
    PidsLimit: limits.pids ?? defaultLimits.pids,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    ReadonlyRootfs: true,
    Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=64m' },
    // Otherwise Docker may ask this machine's name servers on behalf of a container that has no way out.
    Dns: ['127.0.0.1'],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
  };
}

function nameOf(jobId: string): string {
  return `galaxy-engine-${jobId}`;
}
