// The variables of Redis streams and outboxes. Both ends of a stream take its name from a variable of their own, so
// its default and meaning are here.
import { positiveDuration, text } from './types.ts';
import { defaulted } from './variables.ts';

const streams = {
  startJobs: {
    name: 'runtime:start_jobs',
    help: 'Redis stream by which the lobby asks the Runtime Manager to start engines.',
  },
  stopJobs: {
    name: 'runtime:stop_jobs',
    help: 'Redis stream by which the lobby asks the Runtime Manager to stop engines.',
  },
  jobResults: {
    name: 'runtime:job_results',
    help: 'Redis stream in which the Runtime Manager reports the results of these jobs.',
  },
  engineRequests: {
    name: 'runtime:engine_requests',
    help: 'Redis stream by which the Game Master asks the Runtime Manager about engines, for operators; replies are in keys that begin with its name.',
  },
  gmEvents: {
    name: 'gm:lobby_events',
    help: 'Redis stream in which the Game Master reports on running games to the lobby.',
  },
  gameChanges: {
    name: 'lobby:game_changes',
    help: 'Redis stream in which the lobby tells the Game Master of pauses, ends and members who have left.',
  },
  userLifecycle: {
    name: 'user:lifecycle_events',
    help: 'Redis stream in which the User Service reports users who were blocked or deleted to the lobby.',
  },
  notificationIntents: {
    name: 'notification:intents',
    help: 'Redis stream of notification intents, which ask the backend to notify users.',
  },
};

export function streamVariable(variable: string, stream: keyof typeof streams) {
  const { name, help } = streams[stream];
  return defaulted(variable, name, text, { help });
}

/** @param what the entries, such as `job results`. */
export function readBlockTimeoutVariable(variable: string, what: string) {
  return defaulted(variable, '5s', positiveDuration, { help: `How long one read waits for ${what}.` });
}

export function outboxRelayIntervalVariable(service: string) {
  return defaulted(`${service}_OUTBOX_RELAY_INTERVAL`, '1s', positiveDuration, {
    help: 'How often the outbox relay looks for messages that are not published yet.',
  });
}
