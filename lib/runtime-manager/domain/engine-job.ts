/** The start job of an engine, as far as a driver needs it. */
export type EngineJob = { readonly jobId: string; readonly gameId: string; readonly engineVersion: string };
