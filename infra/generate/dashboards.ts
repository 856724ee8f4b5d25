// infra/monitoring/grafana/*.json: Grafana's dashboards, from infra/monitoring/dashboards.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { backendDashboard } from '../monitoring/dashboards/backend.ts';
import { gamesDashboard } from '../monitoring/dashboards/games.ts';
import { gatewayDashboard } from '../monitoring/dashboards/gateway.ts';
import { lobbyDashboard } from '../monitoring/dashboards/lobby.ts';
import { streamsDashboard } from '../monitoring/dashboards/streams.ts';

const made: Record<string, () => Dashboard> = {
  gateway: gatewayDashboard,
  lobby: lobbyDashboard,
  backend: backendDashboard,
  streams: streamsDashboard,
  games: gamesDashboard,
};

export function dashboards(): [path: string, text: string][] {
  return Object.entries(made).map(([name, make]) => [
    `infra/monitoring/grafana/${name}.json`,
    `${JSON.stringify(make(), null, 2)}\n`,
  ]);
}
