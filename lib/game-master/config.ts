// The configuration of the Game Master.
import { serviceListener } from '../config/listener-variables.ts';
import { redisVariables } from '../config/redis-variables.ts';
import {
  bearerToken,
  duration,
  httpUrl,
  integer,
  logLevel,
  positiveDuration,
  text,
} from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';

/** A registration of 1,100 players has 200 KiB at most. */
const bodyLimitBytes = 1024 * 1024;

/** Longer than this no HTTP client of Node waits for an answer to begin. */
const engineTimeout = positiveDuration.refine((ms) => ms <= 300_000, 'must be at most 5m');

export const gameMasterVariables = {
  http: serviceListener('GM_HTTP', ':8097', 'the listener for the lobby', bodyLimitBytes),
  lobby: {
    baseUrl: required('GM_LOBBY_BASE_URL', httpUrl, {
      help: 'Base URL of the lobby’s internal listener, such as http://127.0.0.1:8095. It need not be up when the Game Master starts.',
    }),
    token: optional('GM_LOBBY_TOKEN', bearerToken, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
    timeoutMs: defaulted('GM_LOBBY_TIMEOUT', '2s', positiveDuration, { help: 'Bound on one call to it.' }),
  },
  redis: redisVariables('GM', 'carries the streams'),
  lobbyEventsStream: defaulted('GM_LOBBY_EVENTS_STREAM', 'gm:lobby_events', text, {
    help: 'Redis stream that tells the lobby how games go.',
  }),
  engineTimeoutMs: defaulted('GM_ENGINE_TIMEOUT', '30s', engineTimeout, {
    help: 'Bound on one call to an engine, such as for a whole turn; at most 5m.',
  }),
  turnIntervalMs: optional('GM_TURN_INTERVAL', positiveDuration, {
    help: 'How often the turns of every game come, whatever its schedule says: for local use. Unset: by the schedules.',
  }),
  gamesAtOnce: defaulted('GM_GAMES_AT_ONCE', '16', integer(1, 1_000), {
    help: 'Of how many games a turn may be under way at once; others wait for these.',
  }),
  recoveryIntervalMs: defaulted('GM_RECOVERY_INTERVAL', '30s', positiveDuration, {
    help: 'How often the lobby is asked for games that are to be played and are not known here, as after a restart.',
  }),
  logLevel: defaulted('GM_LOG_LEVEL', 'info', logLevel, { help: 'Least severe log line that is written.' }),
  shutdownTimeoutMs: defaulted('GM_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long running requests and turns may take to finish after SIGTERM.',
  }),
};

export type GameMasterConfig = Values<typeof gameMasterVariables>;
