/** `count` requests in `perMs` milliseconds; up to `burst` at once after a pause. */
export type Rate = { readonly count: number; readonly perMs: number; readonly burst: number };
