import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './panels.ts';

export function streamsDashboard(): Dashboard {
  return dashboard('galaxy-streams', 'Galaxy / Streams and outboxes', [
    {
      title: 'Streams',
      graphs: [
        {
          title: 'Oldest entry that was not handled',
          about:
            'By consumer; 0 when all are handled. Measured by the outbox relays, also while a consumer does not run.',
          unit: 's',
          queries: [['{{consumer}}', 'galaxy:stream_oldest_unprocessed_age_seconds:max']],
        },
        {
          title: 'Entries handled',
          about: 'By consumer, repeats included.',
          unit: 'ops',
          queries: [
            ['{{consumer}}', 'sum by (consumer) (rate(stream_entries_handled_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Parked keys; dead letters and losses of the last hour',
          about:
            'Games and users that wait for an admin, entries that do, and how often a stream lost entries.',
          unit: 'short',
          queries: [
            ['parked {{consumer}}', 'max by (consumer) (stream_parked_keys)'],
            ['dead letters {{consumer}}', 'sum by (consumer) (increase(stream_dead_letters_total[1h]))'],
            ['losses {{consumer}}', 'sum by (consumer) (increase(stream_losses_total[1h]))'],
          ],
        },
      ],
    },
    {
      title: 'Outboxes',
      graphs: [
        {
          title: 'Oldest message that waits',
          about: 'By relay; above a few seconds something is wrong.',
          unit: 'ms',
          queries: [['{{job}}', 'max by (job) (outbox_oldest_waiting_age_ms)']],
        },
        {
          title: 'Messages published',
          about: 'By kind, repeats included.',
          unit: 'ops',
          queries: [['{{kind}}', 'sum by (kind) (rate(outbox_published_total[$__rate_interval]))']],
        },
        {
          title: 'Failed attempts',
          about: 'They are tried again. The log of the process says why.',
          unit: 'ops',
          queries: [
            ['{{job}} {{kind}}', 'sum by (job, kind) (rate(outbox_failed_attempts_total[$__rate_interval]))'],
          ],
        },
      ],
    },
  ]);
}
