import { v7 as uuidv7 } from 'uuid';
import type { askService } from '../../http/ask-service.ts';
import type { RedisCommands, RedisReads } from '../../redis/commands.ts';
import { statesOf } from '../../streams/admin.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { LobbyConfig } from '../config.ts';
import { createLobby, type Lobby } from '../context.ts';
import { lobbyPublishers } from '../outbox/publishers.ts';
import { createEligibility } from '../peers/eligibility.ts';
import { createGameMaster } from '../peers/game-master.ts';
import { consumerStreams } from './consumer-streams.ts';

type Parts = Pick<
  Parameters<typeof createLobby>[0],
  'catalogue' | 'database' | 'replicas' | 'inProcessRaceNames'
> & {
  redis: RedisCommands;
  /** For the state of streams. */
  reads: RedisReads;
  /** See createEligibility. */
  send?: typeof askService | undefined;
  log: Logger;
};

/** The lobby as it is configured, with the clock and ids of a real one. */
export function assembleLobby(
  config: Pick<
    LobbyConfig,
    'userService' | 'gameMaster' | 'streams' | 'startTimeoutMs' | 'underfilledGraceMs' | 'minTurnIntervalMs'
  >,
  { redis, reads, send, log, ...parts }: Parts,
): Lobby {
  const consumers = Object.values(consumerStreams(config.streams));
  return createLobby({
    ...parts,
    eligibility: createEligibility({ ...config.userService, ...(send && { send }), log }),
    gameMaster: createGameMaster({ ...config.gameMaster, log }),
    publishers: lobbyPublishers(redis, config.streams, consumers),
    streams: { consumers, states: statesOf(consumers, reads) },
    startTimeoutMs: config.startTimeoutMs,
    underfilledGraceMs: config.underfilledGraceMs,
    minTurnIntervalMs: config.minTurnIntervalMs,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  });
}
