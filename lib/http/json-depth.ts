/**
 * Whether arrays and objects of a JSON value are nested deeper than this. `JSON.parse` reads any depth, but neither
 * `JSON.stringify` nor PostgreSQL writes it, so values of strangers are checked in between.
 */
export function isDeeperThan(value: unknown, maxDepth: number): boolean {
  let level: object[] = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === maxDepth) return true;
    level = level.flatMap((one) => Object.values(one).filter(isNested));
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
