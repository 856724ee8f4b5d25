// The configuration of the Game Master: all its processes share one set of variables.
import { enginesFileVariable } from '../config/engine-variables.ts';
import { internalListener, serviceListener } from '../config/listener-variables.ts';
import { httpPeer } from '../config/peer-variables.ts';
import { postgresVariables } from '../config/postgres-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisVariables } from '../config/redis-variables.ts';
import {
  outboxRelayIntervalVariable,
  readBlockTimeoutVariable,
  streamVariable,
} from '../config/stream-variables.ts';
import { integer, positiveDuration } from '../config/types.ts';
import { defaulted, removed, type Values } from '../config/variables.ts';

/** A registration of 1,100 players has 200 KiB at most. */
const registrationLimitBytes = 1024 * 1024;

/** Orders of 64 KiB, and what is around them. */
const ordersLimitBytes = 128 * 1024;

/** Longer than this no HTTP client of Node waits for a response to begin. */
const engineTimeout = positiveDuration.refine((ms) => ms <= 300_000, 'must be at most 5m');

export const gameMasterVariables = {
  http: internalListener('GM_HTTP', ':8097', 'the listener for the lobby and admins', registrationLimitBytes),
  publicHttp: serviceListener(
    'GM_PUBLIC_HTTP',
    ':8098',
    'the listener for players, whose requests the gateway forwards,',
    ordersLimitBytes,
  ),
  lobby: httpPeer('GM_LOBBY', {
    name: 'lobby’s internal listener',
    example: 'http://127.0.0.1:8095',
    asker: 'Game Master',
  }),
  postgres: postgresVariables('GM'),
  redis: redisVariables('GM', 'carries the streams. It must not evict keys'),
  streams: {
    gmEvents: streamVariable('GM_LOBBY_EVENTS_STREAM', 'gmEvents'),
    gameChanges: streamVariable('GM_GAME_CHANGES_STREAM', 'gameChanges'),
    engineRequests: streamVariable('GM_ENGINE_REQUESTS_STREAM', 'engineRequests'),
    notificationIntents: streamVariable('GM_NOTIFICATION_INTENTS_STREAM', 'notificationIntents'),
  },
  readBlockTimeoutMs: {
    gameChanges: readBlockTimeoutVariable('GM_GAME_CHANGES_READ_BLOCK_TIMEOUT', 'changes of games'),
  },
  outboxRelayIntervalMs: outboxRelayIntervalVariable('GM'),
  enginesFile: enginesFileVariable('GM'),
  engineTimeoutMs: defaulted('GM_ENGINE_TIMEOUT', '30s', engineTimeout, {
    help: 'Bound on one call of a turn worker to an engine, such as for a whole turn; at most 5m.',
  }),
  engineCalls: defaulted('GM_ENGINE_CALLS', '1000', integer(4, 10_000), {
    help: 'How many games one turn worker attends to at once. Games whose last attempt failed may take a quarter of it.',
  }),
  recoveryIntervalMs: defaulted('GM_RECOVERY_INTERVAL', '30s', positiveDuration, {
    help: 'How often the lobby is asked for games that run and are not known here, as after an upgrade.',
  }),
  logLevel: logLevelVariable('GM'),
  shutdownTimeoutMs: shutdownTimeoutVariable('GM', 'running requests and turns'),
  removed: {
    turnInterval: removed(
      'GM_TURN_INTERVAL',
      'Every game has a clock of its own: set turn_seconds when you create it.',
    ),
    gamesAtOnce: removed('GM_GAMES_AT_ONCE', 'Set GM_ENGINE_CALLS instead.'),
  },
};

export type GameMasterConfig = Values<typeof gameMasterVariables>;
