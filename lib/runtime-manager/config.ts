// The configuration of the Runtime Manager.
import { z } from 'zod';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisVariables } from '../config/redis-variables.ts';
import { readBlockTimeoutVariable, streamVariable } from '../config/stream-variables.ts';
import { boolean, filePath, positiveDuration, text } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';

/** `/opt/engine --fast`, or JSON where an argument has blanks: `["/opt/my engine/run","--fast"]`. */
const command = z.string().transform((line, context): readonly string[] => {
  const words = line.trimStart().startsWith('[') ? jsonWords(line) : line.trim().split(/\s+/);
  if (words !== undefined && words.length > 0 && words.every((word) => word !== '')) return words;
  context.addIssue({
    code: 'custom',
    message: 'write words separated by blanks, or a JSON array of strings',
  });
  return z.NEVER;
});

const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'write a host name or an IPv4 address');

function jsonWords(line: string): string[] | undefined {
  try {
    return z.array(z.string()).safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export const runtimeManagerVariables = {
  redis: redisVariables('RM', 'carries the streams'),
  streams: {
    startJobs: streamVariable('RM_START_JOBS_STREAM', 'startJobs'),
    stopJobs: streamVariable('RM_STOP_JOBS_STREAM', 'stopJobs'),
    jobResults: streamVariable('RM_JOB_RESULTS_STREAM', 'jobResults'),
  },
  readBlockTimeoutMs: readBlockTimeoutVariable('RM_READ_BLOCK_TIMEOUT', 'jobs'),
  dataFolder: required('RM_DATA_FOLDER', filePath, {
    help: 'Folder that only this Runtime Manager uses, with its journal and the engines of the process driver. It must survive restarts.',
  }),
  driver: defaulted(
    'RM_DRIVER',
    'process',
    z.enum(['process', 'docker'], { error: 'write process or docker' }),
    { help: 'What runs the engines: `process` or `docker`.' },
  ),
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
    command: optional('RM_PROCESS_COMMAND', command, {
      help: 'Driver `process`: program (absolute, or found on the PATH) and arguments, with `{engine_version}` in place of the version. Unset: four in a row.',
    }),
    host: optional('RM_PROCESS_HOST', hostName, {
      help: 'Driver `process`: name or IPv4 address of this machine, for a Game Master on other ones. Engines then listen on every interface, and ask for no token: let nobody else reach their ports. Unset: they listen on 127.0.0.1.',
    }),
  },
  docker: {
    socketPath: defaulted('RM_DOCKER_SOCKET', '/var/run/docker.sock', filePath, {
      help: 'Driver `docker`: unix socket of the Docker Engine.',
    }),
    image: optional('RM_DOCKER_IMAGE', text, {
      help: 'Image for the driver `docker`, which requires it, such as `registry.example.com/engine:{engine_version}`.',
    }),
    network: optional('RM_DOCKER_NETWORK', text, {
      help: 'Driver `docker`: network in which the engines are reached by name. Unset: their ports are published on 127.0.0.1.',
    }),
  },
  logLevel: logLevelVariable('RM'),
  shutdownTimeoutMs: shutdownTimeoutVariable(
    'RM',
    'running jobs',
    'It does not wait for starts, which continue after its next start.',
  ),
};

export type RuntimeManagerConfig = Values<typeof runtimeManagerVariables>;
