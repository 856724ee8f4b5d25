/** The start job of an engine, as far as a driver needs it. */
export type EngineJob = {
  readonly jobId: string;
  readonly gameId: string;
  /** undefined for jobs of lobbies that knew one family only. */
  readonly engineFamily: string | undefined;
  readonly engineVersion: string;
};
