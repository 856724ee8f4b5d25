// Start-up of the Game Master: configuration and Redis. Whether the lobby can be reached is not asked; while it cannot,
// no turn is played.
import { redisChecks, redisNeeds } from '../config/redis-variables.ts';
import { start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { Semaphore } from '../node/semaphore.ts';
import { openRedis, type Redis } from '../redis/client.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { type GameMasterConfig, gameMasterVariables } from './config.ts';
import { openEngine } from './engine-client.ts';
import { lobbyEvents } from './events-stream.ts';
import { Games } from './games.ts';
import { gameMasterInstruments, observeGames } from './instruments.ts';
import { createLobbyClient, type LobbyClient } from './lobby-client.ts';

export type GameMaster = {
  readonly config: GameMasterConfig;
  readonly log: Logger;
  readonly lobby: LobbyClient;
  readonly games: Games;
  /** Waits for the running steps of games, and closes the connection to Redis. */
  close(): Promise<void>;
};

/** @param stop lets games end after their running step. @throws StartupError with every problem. */
export async function startGameMaster(environment: Environment, stop: AbortSignal): Promise<GameMaster> {
  const connectionLog = createLogger({ service: 'game-master', level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: gameMasterVariables,
    checks: redisChecks('GM'),
    requirements: {
      redis: {
        needs: redisNeeds('GM'),
        open: ({ redis }: GameMasterConfig) =>
          openRedis(redis, (error) => connectionLog.warn({ error }, 'redis connection lost')),
        close: async (redis: Redis) => redis.disconnect(),
      },
    },
  });
  const { redis } = resources;
  const log = createLogger({ service: 'game-master', level: config.logLevel });
  const lobby = createLobbyClient(config.lobby);
  const games = new Games(
    {
      lobby,
      openEngine: (endpoint) => openEngine(endpoint, config.engineTimeoutMs),
      tellLobby: lobbyEvents(redis, config.lobbyEventsStream),
      slots: new Semaphore(config.gamesAtOnce),
      turnIntervalMs: config.turnIntervalMs,
      now: () => new Date(),
      log,
    },
    stop,
  );
  gameMasterInstruments.start();
  observeGames(() => games.outcomes());
  return {
    config,
    log,
    lobby,
    games,
    close: async () => {
      await games.ended();
      redis.disconnect();
    },
  };
}
