import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './panels.ts';
import { httpRow, postgresRow } from './services.ts';

const backendHttp = 'galaxy-backend-(http|all-in-one)';
const backend = 'galaxy-backend-.+';

export function backendDashboard(): Dashboard {
  return dashboard('galaxy-backend', 'Galaxy / Backend', [
    httpRow(backendHttp),
    {
      title: 'Mail',
      graphs: [
        {
          title: 'Mails sent',
          about: 'Accepted by the SMTP server, repeats included.',
          unit: 'ops',
          queries: [['{{kind}}', 'sum by (kind) (rate(mails_sent_total[$__rate_interval]))']],
        },
        {
          title: 'Failed attempts and mails given up',
          about:
            'Failed attempts are tried again. `expired` and `unreadable` mails were lost to their players.',
          unit: 'ops',
          queries: [
            ['failed {{kind}}', 'sum by (kind) (rate(mail_attempts_failed_total[$__rate_interval]))'],
            ['given up: {{reason}}', 'sum by (reason) (rate(mails_given_up_total[$__rate_interval]))'],
            ['sender refused', 'sum(rate(mail_sender_refused_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Oldest mail that waits',
          about: 'While this grows, players cannot sign in on new devices.',
          unit: 'ms',
          queries: [['waits', 'max(mail_oldest_waiting_age_ms)']],
        },
      ],
    },
    postgresRow(backend),
  ]);
}
