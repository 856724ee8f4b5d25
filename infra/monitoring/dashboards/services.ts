// What every service behind the gateway shows of its HTTP listeners and of PostgreSQL. These metrics come from
// OpenTelemetry's instrumentations, under the names that a scrape shows.
import { quantiles, type Row } from './panels.ts';

/** @param jobs a regular expression for the label `job`. */
export function httpRow(jobs: string): Row {
  const selector = `{job=~"${jobs}"}`;
  return {
    title: 'HTTP',
    graphs: [
      {
        title: 'Requests by status',
        about: 'Of gateway, lobby, Game Master and admins; probes are not counted.',
        unit: 'reqps',
        queries: [
          [
            '{{job}} {{http_response_status_code}}',
            `sum by (job, http_response_status_code) (rate(http_server_request_duration_count${selector}[$__rate_interval]))`,
          ],
        ],
      },
      {
        title: 'Share of faults (5xx)',
        about: 'The alert GalaxyHttpFaults watches this.',
        unit: 'percentunit',
        queries: [['{{job}}', `galaxy:http_faults:ratio_rate5m${selector}`]],
      },
      {
        title: 'Time of a request',
        about: 'From its headers to the end of its response.',
        unit: 's',
        queries: quantiles('http_server_request_duration', ['job'], selector),
      },
    ],
  };
}

export function postgresRow(jobs: string): Row {
  const selector = `{job=~"${jobs}"}`;
  return {
    title: 'PostgreSQL, seen from the processes',
    graphs: [
      {
        title: 'Connections by state',
        about: 'A process has no more than …_POSTGRES_MAX_OPEN_CONNS.',
        unit: 'short',
        queries: [
          [
            '{{job}} {{db_client_connection_state}}',
            `sum by (job, db_client_connection_state) (db_client_connection_count${selector})`,
          ],
        ],
      },
      {
        title: 'Waiting for a connection',
        about: 'Anything but short peaks means that the pool is too small, or PostgreSQL too slow.',
        unit: 'short',
        queries: [
          [
            '{{job}} {{instance}}',
            `sum by (job, instance) (db_client_connection_pending_requests${selector})`,
          ],
        ],
      },
      {
        title: 'Time of a statement, 99 of 100',
        about: 'By what it does.',
        unit: 's',
        queries: [
          [
            '{{job}} {{db_operation_name}}',
            `histogram_quantile(0.99, sum by (job, db_operation_name, le) (rate(db_client_operation_duration_bucket${selector}[$__rate_interval])))`,
          ],
        ],
      },
    ],
  };
}
