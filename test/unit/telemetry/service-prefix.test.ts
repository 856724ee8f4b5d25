import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { servicePrefix } from '../../../infra/node/service-prefix.ts';

const root = join(import.meta.dirname, '../../..');
const prefixes: Record<string, string> = {
  gateway: 'GATEWAY',
  lobby: 'LOBBY',
  backend: 'BACKEND',
  'game-master': 'GM',
  'runtime-manager': 'RM',
  console: 'CONSOLE',
  'four-in-a-row': 'ENGINE',
  'star-conquest': 'ENGINE',
};

// Of lobby and backend alike, and over before it could tell anything of itself.
const ofNoService = 'infra/node/migrate.ts';

const entries = ['workers', 'infra/node'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter(
      (path) =>
        path !== ofNoService &&
        /await (runProcess|serveEngine)\(/.test(readFileSync(join(root, path), 'utf8')),
    ),
);

test.each(entries)('the variables of %s begin as those of the service that it is of', (entry) => {
  const source = readFileSync(join(root, entry), 'utf8');
  const service = Object.keys(prefixes).find((name) => source.includes(`lib/${name}/`));
  expect(servicePrefix(join(root, entry))).toBe(prefixes[service ?? '']);
});
