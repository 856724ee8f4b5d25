// The User Service of lobby.approve: a bare node:http server that allows everything, at once.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../peer.ts';

const rights = JSON.stringify({
  exists: true,
  permanent_block: false,
  can_create_public_game: true,
  can_create_private_game: true,
  can_join_game: true,
  max_owned_games: 1_000_000,
  max_active_memberships: 1_000_000,
  max_registered_race_names: 1_000_000,
});

const server = createServer((request, response) => {
  const userId = /^\/api\/v1\/internal\/users\/([^/]+)\/lobby-eligibility$/.exec(request.url ?? '')?.[1];
  request.resume();
  response.writeHead(userId === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(`{"user_id":"${userId}",${rights.slice(1)}`);
});

const calls = {
  /** @returns base URL. */
  listen: async (): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
};
export type UserServiceCalls = typeof calls;
serveCalls(calls);
