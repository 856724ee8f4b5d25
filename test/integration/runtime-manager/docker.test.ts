// The Docker driver against a Docker Engine on a unix socket that plays along.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { DockerDriver } from '../../../lib/runtime-manager/drivers/docker.ts';
import { entryOf, writeCatalogue } from '../../support/engines/catalogue.ts';
import { type FakeDocker, startFakeDocker } from '../../support/engines/docker-socket.ts';
import { JobStreams, newStartJob, runRuntimeManager, stopOf } from '../../support/engines/runtime-manager.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let folder: string;
let docker: FakeDocker;
let drivers: DockerDriver[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-docker-'));
});
beforeEach(async () => {
  docker = await startFakeDocker(join(folder, `${randomUUID().slice(0, 8)}.sock`));
  drivers = [];
});
afterEach(async () => {
  for (const driver of drivers) await driver.close();
  await docker.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newDriver(
  more: { catalogue?: EngineCatalogue; network?: string; socketPath?: string } = {},
): DockerDriver {
  const driver = new DockerDriver({
    socketPath: docker.socketPath,
    catalogue: imageCatalogue('engine:1.4.0'),
    network: undefined,
    environment: { GALAXY_ENGINE_TURNS: '7' },
    stopTimeoutMs: 1_000,
    ...more,
  });
  drivers.push(driver);
  return driver;
}

const newJob = () => ({
  jobId: randomUUID(),
  gameId: randomUUID(),
  engineFamily: 'test-game',
  engineVersion: '1.4.0',
});
const imageCatalogue = (image: string, limits = {}) =>
  new EngineCatalogue({ engines: [entryOf({}, { image, limits })] });
/** What every container gets. */
const confinement = {
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges:true'],
  ReadonlyRootfs: true,
  Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=64m' },
  Dns: ['127.0.0.1'],
  LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
};
const bounds = { timeoutMs: 3_000, signal: new AbortController().signal };

describe('the Docker driver', () => {
  it('starts a container that is known by its name, with the version, the data folder, and nothing that could do harm', async () => {
    const job = newJob();
    const { containerId, engineEndpoint } = await newDriver().start(job, bounds);
    const container = docker.containers.get(`galaxy-engine-${job.jobId}`);
    expect(containerId).toBe(container?.id);
    expect(engineEndpoint).toBe(`http://${container?.address}:8080`);
    expect(container?.body).toEqual({
      Image: 'engine:1.4.0',
      Env: [
        'GALAXY_ENGINE_TURNS=7',
        'GALAXY_ENGINE_HOST=0.0.0.0',
        'GALAXY_ENGINE_PORT=8080',
        'GALAXY_ENGINE_VERSION=1.4.0',
        'GALAXY_ENGINE_DATA_FOLDER=/data',
      ],
      Labels: { 'galaxy.start_job_id': job.jobId, 'galaxy.game_id': job.gameId },
      Volumes: { '/data': {} },
      HostConfig: {
        NetworkMode: 'galaxy-engines',
        Memory: 536_870_912,
        MemorySwap: 536_870_912,
        NanoCpus: 1_000_000_000,
        PidsLimit: 128,
        ...confinement,
      },
    });
  });

  it('makes a network for engines from which nothing leads out, and in which they do not reach each other', async () => {
    const driver = newDriver();
    await Promise.all([driver.start(newJob(), bounds), driver.start(newJob(), bounds)]);
    expect([...docker.networks.values()]).toEqual([
      {
        Name: 'galaxy-engines',
        Driver: 'bridge',
        Internal: true,
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      },
    ]);
  });

  it.each([
    ['galaxy', 'does not exist', undefined],
    ['galaxy', 'lets engines out', false],
    [undefined, 'lets engines out', false],
  ])('starts nothing in a network %s that %s', async (network, what, internal) => {
    const name = network ?? 'galaxy-engines';
    if (internal !== undefined) docker.networks.set(name, { Name: name, Internal: internal });
    const driver = newDriver(network === undefined ? {} : { network });
    await expect(driver.start(newJob(), bounds)).rejects.toMatchObject({
      failure: {
        code: 'container_failed',
        message: `The Docker network ${name} ${what}. Create it with docker network create --internal ${name}, and start the game again.`,
      },
    });
    expect(docker.containers.size).toBe(0);
  });

  it('bounds memory, processors and processes of a container as the catalogue says', async () => {
    const limits = { memory_mib: 256, cpus: 0.5, pids: 64 };
    const job = newJob();
    await newDriver({ catalogue: imageCatalogue('engine:1.4.0', limits) }).start(job, bounds);
    expect(docker.containers.get(`galaxy-engine-${job.jobId}`)?.body.HostConfig).toMatchObject({
      Memory: 268_435_456,
      MemorySwap: 268_435_456,
      NanoCpus: 500_000_000,
      PidsLimit: 64,
    });
  });

  it('refuses an engine that the catalogue does not have, with what to do', async () => {
    await expect(newDriver().start({ ...newJob(), engineVersion: '9.9.9' }, bounds)).rejects.toMatchObject({
      failure: { code: 'unknown_engine', message: expect.stringContaining('test-game 9.9.9. Add it') },
    });
  });

  it('takes over what runs already, and starts again what was halted, wherever it is then', async () => {
    const job = newJob();
    const started = await newDriver().start(job, bounds);
    const driver = newDriver();
    expect(await driver.start(job, bounds)).toEqual(started);
    await driver.halt(job.jobId);
    expect(docker.containers.get(`galaxy-engine-${job.jobId}`)?.running).toBe(false);
    const { containerId, engineEndpoint } = await driver.start(job, bounds);
    expect(containerId).toBe(started.containerId);
    expect(docker.containers.size).toBe(1);
    expect((await fetch(`${engineEndpoint}/healthz`)).status).toBe(200);
  });

  it('removes the container, once and again, and one that never was', async () => {
    const [job, driver] = [newJob(), newDriver()];
    await driver.start(job, bounds);
    for (const jobId of [job.jobId, job.jobId, randomUUID()]) await driver.remove(jobId);
    expect(docker.containers.size).toBe(0);
  });

  it('makes no second container when the response to the first call was lost', async () => {
    const [job, driver] = [newJob(), newDriver()];
    docker.cutNext = /^POST \/containers\/create/;
    await expect(driver.start(job, bounds)).rejects.toThrow(/^Docker does not respond at \S+\.sock/);
    await driver.start(job, bounds);
    expect(docker.containers.size).toBe(1);
  });

  it('knows that a container has ended, and one that is gone', async () => {
    const [job, driver] = [newJob(), newDriver()];
    await driver.start(job, bounds);
    expect(await driver.hasEnded(job.jobId)).toBe(false);
    await docker.crash(`galaxy-engine-${job.jobId}`);
    expect([await driver.hasEnded(job.jobId), await driver.hasEnded(randomUUID())]).toEqual([true, true]);
  });

  it('says how much memory an engine uses, and what it wrote last', async () => {
    const [driver, job] = [newDriver(), newJob()];
    expect(await driver.memoryBytes(job.jobId)).toBeUndefined();
    expect(await driver.logTail(job.jobId, 100)).toBeUndefined();
    await driver.start(job, bounds);
    expect(await driver.memoryBytes(job.jobId)).toBe(73_400_320);
    const text = 'first line\nno license found';
    expect(await driver.logTail(job.jobId, 100)).toEqual({ text, cut: false });
    expect(await driver.logTail(job.jobId, 7)).toEqual({ text: text.slice(-7), cut: true });
    await docker.crash(`galaxy-engine-${job.jobId}`);
    expect(await driver.memoryBytes(job.jobId)).toBeUndefined();
  });

  it('reaches engines by name in a network of the operator', async () => {
    docker.networks.set('galaxy', { Name: 'galaxy', Internal: true });
    const [job, driver] = [newJob(), newDriver({ network: 'galaxy' })];
    await expect(driver.start(job, { ...bounds, timeoutMs: 100 })).rejects.toMatchObject({
      failure: { code: 'engine_not_healthy', message: expect.stringContaining(`galaxy-engine-${job.jobId}`) },
    });
    expect(docker.containers.get(`galaxy-engine-${job.jobId}`)?.body.HostConfig).toMatchObject({
      NetworkMode: 'galaxy',
      ...confinement,
    });
  });

  it.each([
    [
      'an image that is not there',
      () => newDriver({ catalogue: imageCatalogue('other:1.4.0') }),
      'image_not_found',
      /^Docker has no image other:1\.4\.0 \(No such image: other:1\.4\.0\)\. Pull or build it/,
    ],
    [
      'an engine that ends at once',
      () => {
        docker.image = 'crashes';
        return newDriver();
      },
      'engine_ended',
      /with exit code 3\. Its last output: first line\nno license found$/,
    ],
    [
      'an engine that is never healthy',
      () => {
        docker.image = 'silent';
        return newDriver();
      },
      'engine_not_healthy',
      /within 0\.3 s: GET \/healthz got no response/,
    ],
    [
      'a Docker that cannot start it',
      () => {
        docker.refuse = { request: /\/start$/, status: 500, message: 'port is already allocated' };
        return newDriver();
      },
      'container_failed',
      /^Docker refused with status 500: port is already allocated$/,
    ],
  ])('says what is wrong with %s', async (_, driver, code, message) => {
    const bound = { ...bounds, timeoutMs: 300 };
    await expect(driver().start(newJob(), bound)).rejects.toMatchObject({
      name: 'StartFailed',
      failure: { code, message: expect.stringMatching(message) },
    });
  });

  it('touches no container that is not its own, whatever its name', async () => {
    const [job, driver] = [newJob(), newDriver()];
    docker.addContainer(`galaxy-engine-${job.jobId}`, { owner: 'somebody' });
    await expect(driver.start(job, bounds)).rejects.toMatchObject({
      failure: { code: 'container_failed', message: expect.stringContaining('Remove or rename it') },
    });
    await driver.remove(job.jobId);
    expect(docker.containers.size).toBe(1);
    expect(docker.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
  });

  it('says that it may help to wait when Docker does not respond', async () => {
    const driver = newDriver({ socketPath: join(folder, 'nobody.sock') });
    const unavailable = { name: 'DriverUnavailable', message: expect.stringContaining('nobody.sock') };
    await expect(driver.start(newJob(), bounds)).rejects.toMatchObject(unavailable);
    await expect(driver.remove(randomUUID())).rejects.toMatchObject(unavailable);
  });
});

describe('the Runtime Manager with Docker', () => {
  let redis: TestRedis;
  let connection: Redis;

  beforeAll(async () => {
    redis = await createTestRedis();
    connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
  });
  afterAll(async () => {
    connection.disconnect();
    await redis.drop();
  });

  it('does what the jobs ask, starts a crashed engine again, and waits while Docker does not respond', async () => {
    const lobby = new JobStreams(connection);
    const { child, ended, stdout } = runRuntimeManager(redis, join(folder, 'manager'), {
      RM_DRIVER: 'docker',
      RM_DOCKER_SOCKET: docker.socketPath,
      RM_ENGINES_FILE: writeCatalogue([
        entryOf({ family: 'four-in-a-row', version: '1.0.0' }, { image: 'engine:1.0.0' }),
      ]),
    });
    try {
      const job = newStartJob();
      const { container_id } = await lobby.done(job);
      expect([...docker.containers.values()].map(({ id }) => id)).toEqual([container_id]);
      const name = `galaxy-engine-${job.job_id}`;
      const first = docker.containers.get(name)?.address;
      await docker.crash(name);
      await vi.waitFor(
        async () => {
          const results = await lobby.resultsOf(job.job_id);
          const { address } = docker.containers.get(name) ?? {};
          expect(results.map(({ engine_endpoint }) => engine_endpoint)).toEqual([
            `http://${first}:8080`,
            `http://${address}:8080`,
          ]);
        },
        { timeout: 10_000 },
      );
      await docker.stop();
      const stop = stopOf(job);
      await lobby.ask(stop);
      await vi.waitFor(() => expect(stdout()).toContain('Docker does not respond'), { timeout: 10_000 });
      expect(await lobby.resultsOf(stop.job_id)).toEqual([]);
      docker = await startFakeDocker(docker.socketPath);
      expect(await lobby.resultOf(stop.job_id)).toMatchObject({ outcome: 'success' });
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });
});
