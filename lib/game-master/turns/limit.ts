/** Bounds how many pieces of work run at once; the others wait in order. */
export type Limit = { run<T>(work: () => Promise<T>): Promise<T> };

/** No bound, for a request: its listener has one. */
export const freely: Limit = { run: (work) => work() };
