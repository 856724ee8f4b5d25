// Backend and lobby for gateway.command: a bare node:http server that responds at once, from memory.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../peer.ts';

export type SessionResponse = {
  deviceSessionId: string;
  userId: string;
  /** Base64 of 32 bytes. */
  publicKey: string;
};

const sessionsPath = '/api/v1/internal/sessions/';
const sessions = new Map<string, string>();

/** As large as the lobby's response. */
const game = JSON.stringify({
  game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
  game_type: 'public',
  owner_user_id: null,
  game_name: 'The long winter of Aldebaran',
  description: 'Twelve to sixteen players, a turn every night.',
  status: 'enrollment_open',
  min_players: 12,
  max_players: 16,
  active_members: 7,
  start_gap_hours: 24,
  start_gap_players: 2,
  enrollment_ends_at: '2026-12-01T18:00:00.000Z',
  gap_opened_at: null,
  turn_schedule: '0 3 * * *',
  time_zone: 'Europe/Berlin',
  target_engine_version: '1.4.2',
  created_at: '2026-11-01T09:00:00.000Z',
  updated_at: '2026-11-02T10:00:00.000Z',
  revision: 4,
});

const server = createServer((request, response) => {
  const url = request.url ?? '';
  // A body is ignored, but read, so that the connection can be used again.
  request.resume();
  const found = url.startsWith(sessionsPath) ? sessions.get(url.slice(sessionsPath.length)) : game;
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(found ?? '{"error":{"code":"not_found","message":"There is no such session."}}');
});

const calls = {
  /** @returns base URL. */
  listen: async (): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  addSessions(added: SessionResponse[]): void {
    for (const session of added) {
      const record = {
        device_session_id: session.deviceSessionId,
        user_id: session.userId,
        status: 'active',
        client_public_key: session.publicKey,
        created_at: '2026-11-01T09:00:00.000Z',
      };
      sessions.set(session.deviceSessionId, JSON.stringify(record));
    }
  },
};
export type UpstreamsCalls = typeof calls;
serveCalls(calls);
