// The configuration of the operators' console.
import { z } from 'zod';
import { httpListener } from '../config/listener-variables.ts';
import { httpPeer } from '../config/peer-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import type { Check } from '../config/startup.ts';
import { httpUrl, isLoopback } from '../config/types.ts';
import { optional, required, type Values } from '../config/variables.ts';

const origin = z
  .string()
  .refine(
    (text) => URL.parse(text)?.origin === text,
    'write scheme, host in lower case and port, such as https://console.example.com',
  )
  .refine((text) => {
    const { protocol = '', hostname = '' } = URL.parse(text) ?? {};
    return protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
  }, 'it must begin with https://, or on this machine alone with http://localhost')
  .refine(
    (text) => !/^(\[.*\]|[\d.]+)$/.test(URL.parse(text)?.hostname ?? ''),
    'it must have a name: passkeys do not work with an IP address',
  );

export const consoleVariables = {
  http: httpListener('CONSOLE_HTTP', '127.0.0.1:8085', 'the console'),
  publicUrl: required('CONSOLE_PUBLIC_URL', origin, {
    help: 'Where operators find the console: `https://console.example.com`, locally `http://localhost:8085`. Passkeys are for its host, and requests from pages elsewhere are refused.',
  }),
  backend: httpPeer('CONSOLE_BACKEND', {
    name: 'backend’s admin listener',
    example: 'http://127.0.0.1:8082',
    asker: 'console',
  }),
  lobby: httpPeer('CONSOLE_LOBBY', {
    name: 'lobby’s internal listener',
    example: 'http://127.0.0.1:8095',
    asker: 'console',
  }),
  gameMaster: httpPeer('CONSOLE_GM', {
    name: 'Game Master’s internal listener',
    example: 'http://127.0.0.1:8097',
    asker: 'console',
  }),
  gatewayUrl: optional('CONSOLE_GATEWAY_BASE_URL', httpUrl, {
    help: 'Base URL of the gateway’s public listener, such as http://127.0.0.1:8080. Without it the overview does not show whether the gateway is ready.',
  }),
  logLevel: logLevelVariable('CONSOLE'),
  shutdownTimeoutMs: shutdownTimeoutVariable('CONSOLE', 'running requests'),
};

export type ConsoleConfig = Values<typeof consoleVariables>;

/** Without TLS cookies can be read on the way, so that the console then serves this machine alone. */
export const notOpenWithoutTls: Check<ConsoleConfig> = {
  needs: ['CONSOLE_HTTP_ADDR', 'CONSOLE_PUBLIC_URL'],
  problem: ({ http, publicUrl }) =>
    publicUrl.startsWith('http:') && !isLoopback(http.addr)
      ? 'is open to the network, but CONSOLE_PUBLIC_URL has no TLS; bind it to 127.0.0.1, or give CONSOLE_PUBLIC_URL the https:// address of the proxy in front of it'
      : undefined,
};
