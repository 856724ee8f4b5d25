import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../../proto');
const files = globSync('**/*.proto', { cwd: folder });

it('there are the files of the gateway, of push and of Google', () => {
  expect(files.length).toBe(4);
});

it.each(files)('%s names its Go package, without which protoc-gen-go refuses it', (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  const version = /^package galaxy\.(\w+)\.(v\d+);$/m.exec(text);
  const path = version && `galaxy/${version[1]}/${version[2]};${version[1]}${version[2]}`;
  const [, named = ''] = /^option go_package = "([^"]+)";$/m.exec(text) ?? [];
  expect(named).toMatch(path === null ? /^google\.golang\.org\/genproto\/.+;\w+$/ : new RegExp(`^${path}$`));
});
