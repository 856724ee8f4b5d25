import { describe, expect, it } from 'vitest';
import { localVariables } from '../../../infra/local/config.ts';
import { withoutPassword } from '../../../infra/local/log-lines.ts';
import { backendVariables } from '../../../lib/backend/config.ts';
import { pushVariables } from '../../../lib/backend/push/config.ts';
import { httpUrl, originList, peerAddress } from '../../../lib/config/types.ts';
import { listVariables, optional, readVariables } from '../../../lib/config/variables.ts';
import { gatewayVariables } from '../../../lib/gateway/config.ts';
import { lobbyVariables } from '../../../lib/lobby/config.ts';

const all = [gatewayVariables, backendVariables, pushVariables, lobbyVariables, localVariables].flatMap(
  (tree) => listVariables(tree),
);
const problemsOf = (name: string, value: string) =>
  readVariables({ one: all.filter((variable) => variable.name === name)[0] ?? {} }, { [name]: value })
    .problems;

const tokens = all.filter(({ name, presence }) => name.endsWith('_TOKEN') && presence !== 'removed');

describe.each(tokens.map(({ name }) => name))('%s', (name) => {
  it('takes what a header can carry', () => {
    expect(problemsOf(name, 'aB3-._~+/:!==')).toEqual([]);
    expect(problemsOf(name, 'x'.repeat(4_096))).toEqual([]);
  });

  it.each(['hunter2\n', 'hunter2\r\n', 'hunter2 '])(
    'says that %j ends in a blank, and not its value',
    (value) => {
      const message = 'its value cannot be used: it ends with a blank or newline; remove it';
      expect(problemsOf(name, value)).toEqual([{ variable: name, message }]);
    },
  );

  it.each(['hüter2', 'hunter 2', 'hunter\n2', 'hunter2\u0000', 'x'.repeat(4_097)])(
    'refuses %j without its value',
    (value) => {
      const problems = problemsOf(name, value);
      expect(problems).toEqual([
        { variable: name, message: expect.stringMatching(/visible ASCII characters without blanks/) },
      ]);
      expect(problems[0]?.message).not.toContain(value);
    },
  );
});

it('every variable whose name speaks of a secret is one', () => {
  const used = all.filter(({ presence }) => presence !== 'removed');
  const named = used.filter(({ name }) => /TOKEN|PASSWORD|DSN|HMAC_KEY$/.test(name));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ secret }) => !secret).map(({ name }) => name)).toEqual([]);
});

it.each([
  ['an address', peerAddress, 'redis://:hunter2@redis:6379'],
  ['an address', peerAddress, ':hunter"2@redis:6379'],
  ['a URL', httpUrl, 'http://galaxy:hunter2@backend:8081'],
  ['a URL', httpUrl, 'ftp://galaxy:hunter2@h@backend/'],
  ['an origin', originList, 'https://a.example.com, https://galaxy:hunter2@b.example.com'],
])('a password that was put into %s is not shown', (_, schema, value) => {
  const tree = { one: optional<unknown>('ONE', schema, { help: '' }) };
  const { problems } = readVariables(tree, { ONE: value });
  expect(problems[0]?.message).toMatch(/cannot be used: ./);
  expect(problems[0]?.message).not.toMatch(/hunter/);
});

it.each(['postgres://galaxy:hunter2@db:5432/games', 'postgres://galaxy@db:5432/games?password=hunter2'])(
  'the DSN that npm start shows has no password: %#',
  (dsn) => {
    expect(withoutPassword(dsn)).toBe('postgres://galaxy@db:5432/games');
  },
);
