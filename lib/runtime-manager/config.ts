// The configuration of the Runtime Manager.
import { z } from 'zod';
import { redisVariables } from '../config/redis-variables.ts';
import { boolean, duration, filePath, logLevel, positiveDuration, text } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';

/** `/opt/engine --fast`, or JSON where an argument has blanks: `["/opt/my engine/run","--fast"]`. */
const command = z.string().transform((line, context): readonly string[] => {
  const words = line.trimStart().startsWith('[') ? jsonWords(line) : line.trim().split(/\s+/);
  if (words !== undefined && words.length > 0 && words.every((word) => word !== '')) return words;
  context.addIssue({
    code: 'custom',
    message: 'write words with blanks between them, or a JSON array of texts',
  });
  return z.NEVER;
});

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
    startJobs: defaulted('RM_START_JOBS_STREAM', 'runtime:start_jobs', text, {
      help: 'Redis stream that asks for games to be started.',
    }),
    stopJobs: defaulted('RM_STOP_JOBS_STREAM', 'runtime:stop_jobs', text, {
      help: 'Redis stream that asks for them to be stopped.',
    }),
    jobResults: defaulted('RM_JOB_RESULTS_STREAM', 'runtime:job_results', text, {
      help: 'Redis stream that gets what became of the jobs.',
    }),
  },
  readBlockTimeoutMs: defaulted('RM_READ_BLOCK_TIMEOUT', '5s', positiveDuration, {
    help: 'How long one read waits for jobs.',
  }),
  dataFolder: required('RM_DATA_FOLDER', filePath, {
    help: 'Folder of this Runtime Manager alone: its journal, and the engines of the process driver. Keep it.',
  }),
  driver: defaulted(
    'RM_DRIVER',
    'process',
    z.enum(['process', 'docker'], { error: 'write process or docker' }),
    { help: 'What runs the engines: `process` or `docker`.' },
  ),
  startTimeoutMs: defaulted('RM_START_TIMEOUT', '30s', positiveDuration, {
    help: 'How long an engine may take to be healthy.',
  }),
  stopTimeoutMs: defaulted('RM_STOP_TIMEOUT', '5s', positiveDuration, {
    help: 'How long an engine may take to end after SIGTERM, before SIGKILL.',
  }),
  stopEnginesOnExit: defaulted('RM_STOP_ENGINES_ON_EXIT', 'false', boolean, {
    help: 'Whether the engines end with the Runtime Manager, to be started again with its next start. `false` lets games go on while it is redeployed.',
  }),
  process: {
    command: optional('RM_PROCESS_COMMAND', command, {
      help: 'Driver `process`: program (absolute, or found on the PATH) and arguments, with `{engine_version}` where the version belongs. Unset: the sample engine.',
    }),
  },
  docker: {
    socketPath: defaulted('RM_DOCKER_SOCKET', '/var/run/docker.sock', filePath, {
      help: 'Driver `docker`: unix socket of the Docker Engine.',
    }),
    image: optional('RM_DOCKER_IMAGE', text, {
      help: 'Driver `docker`, required there: the image, such as `registry.example.com/engine:{engine_version}`.',
    }),
    network: optional('RM_DOCKER_NETWORK', text, {
      help: 'Driver `docker`: network in which engines are reached by name. Unset: they are published on 127.0.0.1.',
    }),
  },
  logLevel: defaulted('RM_LOG_LEVEL', 'info', logLevel, { help: 'Least severe log line that is written.' }),
  shutdownTimeoutMs: defaulted('RM_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long jobs under way may take to finish after SIGTERM. Starts are not waited for; they go on later.',
  }),
};

export type RuntimeManagerConfig = Values<typeof runtimeManagerVariables>;
