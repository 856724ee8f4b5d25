// A runtime: the engine that plays a game, as the start job made it which asked for it.

export type Player = { readonly userId: string; readonly raceName: string };

export type Runtime = {
  readonly gameId: string;
  /** The start job; a UUIDv7. */
  readonly jobId: string;
  readonly containerId: string;
  /** Base URL of the engine. */
  readonly engineEndpoint: string;
  /** Cron expression of five fields, in `timeZone`. */
  readonly turnSchedule: string;
  readonly timeZone: string;
  /** Undefined for a game that was found again: its engine knows them, or else the lobby. */
  readonly players: readonly Player[] | undefined;
};

/** Whether a job was asked for before another one. Ids of jobs begin with their time, and sort by it. */
export function isOlder(jobId: string, than: string): boolean {
  return jobId < than;
}

/** What the lobby says of a game, as far as it matters here. */
export type Standing = {
  readonly status: string;
  readonly runtimeJobId: string | null;
};

const alive = ['starting', 'running', 'paused'];

/** Whether a runtime has nothing to play any more: the game is unknown, over, or another runtime's. */
export function isOver(standing: Standing | undefined, { jobId }: Pick<Runtime, 'jobId'>): boolean {
  return standing === undefined || standing.runtimeJobId !== jobId || !alive.includes(standing.status);
}
