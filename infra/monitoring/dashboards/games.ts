import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './panels.ts';
import { httpRow, postgresRow } from './services.ts';

const gameMasterHttp = 'galaxy-game-master(-http)?';
const gameMaster = 'galaxy-(game-master|game-master-http|game-turns|gm-game-changes|gm-outbox-relay)';

export function gamesDashboard(): Dashboard {
  return dashboard('galaxy-games', 'Galaxy / Games and turns', [
    {
      title: 'Turns',
      graphs: [
        {
          title: 'Longest wait for a turn worker',
          about: 'Beyond the time at which there was something to do; 0 when no game waits.',
          unit: 's',
          queries: [['overdue', 'max(game_master_turns_overdue_seconds)']],
        },
        {
          title: 'Turns played',
          about: '`all_ready`: every awaited player was ready. `due`: its time had come.',
          unit: 'ops',
          queries: [
            ['{{reason}}', 'sum by (reason) (rate(game_master_turns_played_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Steps of turn workers',
          about:
            '`failed`: the lobby or PostgreSQL did not respond; the others but `ok` are failures of engines.',
          unit: 'ops',
          queries: [['{{outcome}}', 'sum by (outcome) (rate(game_master_steps_total[$__rate_interval]))']],
        },
      ],
    },
    {
      title: 'Engines',
      graphs: [
        {
          title: 'Games, by the health of their engines',
          about: 'Every value but `ok` counts games that are stuck.',
          unit: 'short',
          queries: [['{{health}}', 'max by (health) (game_master_games)']],
        },
        {
          title: 'Calls to engines, 99th percentile',
          about: 'By call. `validate` delays the response to a player.',
          unit: 's',
          queries: [
            [
              '{{call}}',
              'histogram_quantile(0.99, sum by (call, le) (rate(game_master_engine_call_seconds_bucket[$__rate_interval])))',
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
        {
          title: 'Engines started again, last hour',
          about: 'After they ended, or after a restart of the Runtime Manager.',
          unit: 'short',
          queries: [['{{outcome}}', 'sum by (outcome) (increase(runtime_engine_restarts_total[1h]))']],
        },
      ],
    },
    httpRow(gameMasterHttp),
    postgresRow(gameMaster),
  ]);
}
