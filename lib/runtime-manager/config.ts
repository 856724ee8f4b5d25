// The configuration of the Runtime Manager.
import { z } from 'zod';
import { enginesFileVariable } from '../config/engine-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisVariables } from '../config/redis-variables.ts';
import { readBlockTimeoutVariable, streamVariable } from '../config/stream-variables.ts';
import { boolean, filePath, integer, positiveDuration, text } from '../config/types.ts';
import { defaulted, optional, removed, required, type Values } from '../config/variables.ts';

const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'write a host name or an IPv4 address');

export const runtimeManagerVariables = {
  redis: redisVariables('RM', 'carries the streams'),
  streams: {
    startJobs: streamVariable('RM_START_JOBS_STREAM', 'startJobs'),
    stopJobs: streamVariable('RM_STOP_JOBS_STREAM', 'stopJobs'),
    jobResults: streamVariable('RM_JOB_RESULTS_STREAM', 'jobResults'),
    engineRequests: streamVariable('RM_ENGINE_REQUESTS_STREAM', 'engineRequests'),
  },
  readBlockTimeoutMs: readBlockTimeoutVariable('RM_READ_BLOCK_TIMEOUT', 'jobs'),
  dataFolder: required('RM_DATA_FOLDER', filePath, {
    help: 'Folder that only this Runtime Manager uses, with its journal and the engines of the process driver. It must survive restarts.',
  }),
  enginesFile: enginesFileVariable('RM'),
  driver: defaulted(
    'RM_DRIVER',
    'process',
    z.enum(['process', 'docker'], { error: 'write process or docker' }),
    { help: 'What runs the engines: `process` or `docker`.' },
  ),
  maxEngines: defaulted('RM_MAX_ENGINES', '500', integer(1, 100_000), {
    help: 'How many engines there may be at once. Further start jobs fail with `too_many_engines`.',
  }),
  reconcileIntervalMs: defaulted('RM_RECONCILE_INTERVAL', '1h', positiveDuration, {
    help: 'How often every engine that runs is reported to the lobby, which stops those of games that are over.',
  }),
  startTimeoutMs: defaulted('RM_START_TIMEOUT', '30s', positiveDuration, {
    help: 'How long an engine may take to become healthy.',
  }),
  stopTimeoutMs: defaulted('RM_STOP_TIMEOUT', '5s', positiveDuration, {
    help: 'How long an engine may take to end after SIGTERM, before SIGKILL.',
  }),
  stopEnginesOnExit: defaulted('RM_STOP_ENGINES_ON_EXIT', 'false', boolean, {
    help: 'Whether the engines end with the Runtime Manager and start again with it. With `false` games continue while it is redeployed.',
  }),
  process: {
    host: optional('RM_PROCESS_HOST', hostName, {
      help: 'Driver `process`: name or IPv4 address of this machine, for a Game Master on other ones. Engines then listen on every interface, and ask for no token: let nobody else reach their ports. Unset: they listen on 127.0.0.1.',
    }),
  },
  docker: {
    socketPath: defaulted('RM_DOCKER_SOCKET', '/var/run/docker.sock', filePath, {
      help: 'Driver `docker`: unix socket of the Docker Engine.',
    }),
    network: optional('RM_DOCKER_NETWORK', text, {
      help: 'Driver `docker`: internal network (`docker network create --internal`) in which the engines are reached by name. Unset: a network that the Runtime Manager makes, in which this machine reaches them by address.',
    }),
  },
  removed: {
    processCommand: removed(
      'RM_PROCESS_COMMAND',
      'Name the engine in a file, and set RM_ENGINES_FILE to its path.',
    ),
    dockerImage: removed('RM_DOCKER_IMAGE', 'Name the image in a file, and set RM_ENGINES_FILE to its path.'),
  },
  logLevel: logLevelVariable('RM'),
  shutdownTimeoutMs: shutdownTimeoutVariable(
    'RM',
    'running jobs',
    'It does not wait for starts, which continue after its next start.',
  ),
};

export type RuntimeManagerConfig = Values<typeof runtimeManagerVariables>;
