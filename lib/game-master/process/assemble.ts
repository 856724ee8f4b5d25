import { v7 as uuidv7 } from 'uuid';
import type { EngineCatalogue } from '../../engine/catalogue.ts';
import { askService } from '../../node/ask-service.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import { requeueAtOnce, statesOf } from '../../streams/admin.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { GameMasterConfig } from '../config.ts';
import { createGameMaster, type GameMaster } from '../context.ts';
import { gameMasterPublishers } from '../outbox/publishers.ts';
import { openEngine } from '../peers/engine.ts';
import { createLobbyClient } from '../peers/lobby.ts';
import { createEngineHost } from '../peers/runtime-manager.ts';
import type { Db } from '../store/database.ts';
import { gameChangesStream } from './consumer-streams.ts';

/** The Game Master as it is configured, with the ids of a real one. */
export function assembleGameMaster(
  config: Pick<GameMasterConfig, 'lobby' | 'streams' | 'engineTimeoutMs'>,
  { db, redis, catalogue, log }: { db: Db; redis: RedisCommands; catalogue: EngineCatalogue; log: Logger },
): GameMaster {
  const consumers = [gameChangesStream(config.streams)];
  return createGameMaster({
    db,
    lobby: createLobbyClient({ ...config.lobby, send: askService }),
    catalogue,
    openEngine: (endpoint) => openEngine(endpoint, askService),
    engineHost: createEngineHost(redis, config.streams.engineRequests),
    publishers: gameMasterPublishers(redis, config.streams),
    streams: {
      consumers,
      states: statesOf(consumers, { read: (work) => work(redis) }),
      requeue: requeueAtOnce(redis),
    },
    engineTimeoutMs: config.engineTimeoutMs,
    newId: () => uuidv7(),
    log,
  });
}
