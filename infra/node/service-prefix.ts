import { basename } from 'node:path';

const prefixes: readonly [name: RegExp, prefix: string][] = [
  [/^gateway$/, 'GATEWAY'],
  [/^backend-/, 'BACKEND'],
  [/^(game-master|game-master-http|game-turns|gm-game-changes|gm-outbox-relay)$/, 'GM'],
  [/^runtime-manager$/, 'RM'],
  [/^console$/, 'CONSOLE'],
  [/^(four-in-a-row|star-conquest)$/, 'ENGINE'],
];

/** How the variables of a process begin, by its entrypoint: `LOBBY` unless it is known to be another service's. */
export function servicePrefix(entry: string): string {
  const name = basename(entry, '.ts');
  return prefixes.find(([pattern]) => pattern.test(name))?.[1] ?? 'LOBBY';
}
