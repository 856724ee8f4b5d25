import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './panels.ts';
import { httpRow, postgresRow } from './services.ts';

const lobbyHttp = 'galaxy-lobby-(http|all-in-one)';
const lobby =
  'galaxy-(lobby-.+|enrollment-automation|pending-registration-expirer|runtime-job-results|gm-lobby-events|user-lifecycle)';

export function lobbyDashboard(): Dashboard {
  return dashboard('galaxy-lobby', 'Galaxy / Lobby and games', [
    httpRow(lobbyHttp),
    {
      title: 'Games',
      graphs: [
        {
          title: 'Running games, by the health of their engines',
          about: 'Every value but `ok` counts games that are stuck.',
          unit: 'short',
          queries: [['{{health}}', 'sum by (health) (game_master_games)']],
        },
        {
          title: 'Steps of the Game Master',
          about: '`failed`: lobby or Redis did not respond; the others are failures of engines.',
          unit: 'ops',
          queries: [['{{outcome}}', 'sum by (outcome) (rate(game_master_steps_total[$__rate_interval]))']],
        },
        {
          title: 'Events that were reported to the lobby',
          about: 'By type, repeats included.',
          unit: 'ops',
          queries: [
            [
              '{{event_type}}',
              'sum by (event_type) (rate(game_master_events_published_total[$__rate_interval]))',
            ],
          ],
        },
        {
          title: 'Start and stop jobs',
          about: 'Finished by the Runtime Manager.',
          unit: 'ops',
          queries: [
            ['{{kind}} {{outcome}}', 'sum by (kind, outcome) (rate(runtime_jobs_total[$__rate_interval]))'],
          ],
        },
      ],
    },
    postgresRow(lobby),
  ]);
}
