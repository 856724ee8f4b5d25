import { v7 as uuidv7 } from 'uuid';
import type { RedisCommands, RedisReads } from '../redis/commands.ts';
import { statesOf } from '../streams/operations.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LobbyConfig } from './config.ts';
import { consumerPlaces } from './consumers/places.ts';
import { createLobby, type Lobby } from './context.ts';
import { createEligibility } from './eligibility.ts';
import { createGameMaster } from './game-master.ts';
import { lobbyPublishers } from './outbox/publishers.ts';

type Parts = Pick<Parameters<typeof createLobby>[0], 'database' | 'replicas' | 'inProcessRaceNames'> & {
  redis: RedisCommands;
  /** For how streams stand. */
  reads: RedisReads;
  log: Logger;
};

/** The lobby as it is configured, with the clock and ids of a real one. */
export function assembleLobby(
  config: Pick<LobbyConfig, 'userService' | 'gameMaster' | 'streams' | 'startTimeoutMs'>,
  { redis, reads, log, ...parts }: Parts,
): Lobby {
  const consumers = Object.values(consumerPlaces(config.streams));
  return createLobby({
    ...parts,
    eligibility: createEligibility({ ...config.userService, log }),
    gameMaster: createGameMaster({ ...config.gameMaster, log }),
    publishers: lobbyPublishers(redis, config.streams),
    streams: { consumers, states: statesOf(consumers, reads) },
    startTimeoutMs: config.startTimeoutMs,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  });
}
