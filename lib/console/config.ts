// The configuration of the operators' console.
import { z } from 'zod';
import { addressList } from '../config/address-list.ts';
import { httpListener } from '../config/listener-variables.ts';
import { httpPeer } from '../config/peer-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import type { Check } from '../config/startup.ts';
import { httpUrl, isLoopback, rate } from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';

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
  trustedProxies: optional('CONSOLE_TRUSTED_PROXIES', addressList, {
    help: 'Addresses and networks, separated by commas, of the proxies in front of the console, whose X-Forwarded-For is trusted. Unset: none; behind a proxy all clients then share one limit.',
  }),
  strangerRate: defaulted('CONSOLE_STRANGER_RATE', '120/m burst 60', rate, {
    help: 'How many requests without a session one network (an IPv4 address, or the /64 of an IPv6 address) may send to each replica to sign in; `off` for no limit.',
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
