// Engines as Docker containers. A container is named after its start job, and Docker allows a name once, so that no job
// gets two containers, whatever this process remembers. Docker itself starts them again after a restart of the machine.
//
// Without a Docker network they are published on this machine's loopback address, on ports chosen here, since those
// that Docker chooses change with every start. In a network they are reached by their names.
import { engineEnvironment } from '../../engine/api.ts';
import type { EngineCatalogue } from '../../engine/catalogue.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import { type Container, DockerApi, DockerRefusal } from './docker-api.ts';
import { type Driver, engineOf, type Runtime, StartFailed } from './driver.ts';
import { untilHealthy } from './health.ts';
import { Ports } from './ports.ts';

const loopback = '127.0.0.1';
const enginePort = 8_080;
const portKey = `${enginePort}/tcp`;
const dataFolder = '/data';
const jobLabel = 'galaxy.start_job_id';
const gameLabel = 'galaxy.game_id';

export type DockerDriverOptions = {
  readonly socketPath: string;
  readonly catalogue: EngineCatalogue;
  /** A Docker network that this process and the Game Master can reach. */
  readonly network: string | undefined;
  /** Further variables of every engine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stopTimeoutMs: number;
};

export class DockerDriver implements Driver {
  readonly #options: DockerDriverOptions;
  readonly #docker: DockerApi;
  readonly #ports = new Ports();

  constructor(options: DockerDriverOptions) {
    this.#options = options;
    this.#docker = new DockerApi(options.socketPath);
  }

  async start(job: EngineJob, bounds: Parameters<Driver['start']>[1]): Promise<Runtime> {
    const name = nameOf(job.jobId);
    try {
      const container = await this.#startContainer(job, name);
      const port = publishedPort(container);
      const engineEndpoint =
        port === undefined ? `http://${name}:${enginePort}` : `http://${loopback}:${port}`;
      await untilHealthy(engineEndpoint, bounds, () => this.#requireRunning(container.Id));
      return { containerId: container.Id, engineEndpoint };
    } catch (error) {
      if (!(error instanceof DockerRefusal)) throw error;
      throw new StartFailed(
        'container_failed',
        `Docker refused with status ${error.status}: ${error.message}`,
      );
    }
  }

  /** Docker starts a container again that has ended, by the restart policy, with pauses of its own. */
  async hasEnded(): Promise<boolean> {
    return false;
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

  async forget(): Promise<void> {}

  close(): Promise<void> {
    return this.#docker.close();
  }

  async #startContainer(job: EngineJob, name: string): Promise<Container> {
    const container = await this.#findOrCreate(job, name);
    try {
      await this.#docker.start(container.Id);
      return container;
    } finally {
      // Docker holds the port now, unless the start failed.
      this.#ports.release(publishedPort(container) ?? 0);
    }
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
    const { catalogue, network, environment } = this.#options;
    const { image, limits } = engineOf(catalogue, job);
    if (image === undefined) throw new TypeError('the catalogue was checked for images at start');
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
        ExposedPorts: { [portKey]: {} },
        Volumes: { [dataFolder]: {} },
        HostConfig: {
          RestartPolicy: { Name: 'unless-stopped' },
          ...(limits.memory_mib === undefined ? {} : { Memory: limits.memory_mib * 1_048_576 }),
          ...(limits.cpus === undefined ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
          ...(network === undefined
            ? { PortBindings: { [portKey]: [await this.#newPort()] } }
            : { NetworkMode: network }),
        },
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

  async #newPort(): Promise<{ HostIp: string; HostPort: string }> {
    return { HostIp: loopback, HostPort: String(await this.#ports.reserveFree(loopback)) };
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

/** undefined in a Docker network. */
function publishedPort({ HostConfig }: Container): number | undefined {
  const port = HostConfig.PortBindings?.[portKey]?.[0]?.HostPort;
  return port === undefined ? undefined : Number(port);
}

function nameOf(jobId: string): string {
  return `galaxy-engine-${jobId}`;
}
