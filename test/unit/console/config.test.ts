import { expect, it } from 'vitest';
import { readConfiguration, StartupError } from '../../../lib/config/startup.ts';
import { consoleVariables, notOpenWithoutTls } from '../../../lib/console/config.ts';

const peers = {
  CONSOLE_BACKEND_BASE_URL: 'http://127.0.0.1:8082',
  CONSOLE_LOBBY_BASE_URL: 'http://127.0.0.1:8095',
  CONSOLE_GM_BASE_URL: 'http://127.0.0.1:8097',
};

/** The variables with problems. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfiguration({
      environment: { ...peers, ...environment },
      variables: consoleVariables,
      checks: [notOpenWithoutTls],
    });
    return [];
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    return error.problems.map(({ variable, message }) => `${variable} ${message}`);
  }
}

it('says where it is, because nothing else does', () => {
  expect(problemsOf({})).toEqual([expect.stringMatching(/^CONSOLE_PUBLIC_URL is not set/)]);
});

it.each([
  { CONSOLE_PUBLIC_URL: 'http://localhost:8085' },
  { CONSOLE_PUBLIC_URL: 'http://localhost:8085', CONSOLE_HTTP_ADDR: '[::1]:8085' },
  { CONSOLE_PUBLIC_URL: 'https://console.example.com', CONSOLE_HTTP_ADDR: ':8085' },
])('starts with %o', (environment) => {
  expect(problemsOf(environment)).toEqual([]);
});

it.each([':8085', '0.0.0.0:8085', '192.168.1.5:8085'])('refuses to be open at %s without TLS', (address) => {
  expect(problemsOf({ CONSOLE_PUBLIC_URL: 'http://localhost:8085', CONSOLE_HTTP_ADDR: address })).toEqual([
    expect.stringMatching(/^CONSOLE_HTTP_ADDR is open to the network, but CONSOLE_PUBLIC_URL has no TLS/),
  ]);
});

it.each([
  'http://console.example.com',
  'https://192.168.1.5',
  'https://[::1]',
  'http://127.0.0.1:8085',
  'https://console.example.com/',
  'https://console.example.com/operators',
  'https://Console.example.com',
  'ftp://console.example.com',
  'console.example.com',
])('refuses %s as its URL: passkeys and the check of origins need a name, and cookies TLS', (url) => {
  expect(problemsOf({ CONSOLE_PUBLIC_URL: url })).toEqual([expect.stringContaining('CONSOLE_PUBLIC_URL')]);
});
