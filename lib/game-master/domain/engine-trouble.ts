import type { EngineHealth } from './game.ts';

/** An engine that could not be made to do what was due. The game stays where it is. */
export class EngineTrouble extends Error {
  readonly health: Exclude<EngineHealth, 'ok'>;

  /** @param message must name no orders, and repeat nothing that the engine says of them. */
  constructor(health: Exclude<EngineHealth, 'ok'>, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineTrouble';
    this.health = health;
  }
}
