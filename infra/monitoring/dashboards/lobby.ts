import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './panels.ts';
import { httpRow, postgresRow } from './services.ts';

const lobbyHttp = 'galaxy-lobby-(http|all-in-one)';
const lobby =
  'galaxy-(lobby-.+|enrollment-automation|pending-registration-expirer|runtime-job-results|gm-lobby-events|user-lifecycle)';

export function lobbyDashboard(): Dashboard {
  return dashboard('galaxy-lobby', 'Galaxy / Lobby', [httpRow(lobbyHttp), postgresRow(lobby)]);
}
