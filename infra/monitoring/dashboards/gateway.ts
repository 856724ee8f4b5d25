import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, quantiles } from './panels.ts';

export function gatewayDashboard(): Dashboard {
  return dashboard('galaxy-gateway', 'Galaxy / Gateway', [
    {
      title: 'Commands',
      graphs: [
        {
          title: 'Commands by outcome',
          about:
            'As clients see them. UPSTREAM_UNAVAILABLE and REPLAY_STORE_UNAVAILABLE are failures of the platform.',
          unit: 'reqps',
          queries: [
            ['{{outcome}}', 'sum by (outcome) (rate(galaxy_gateway_commands_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Share that failed because of the platform',
          about: 'The alert GalaxyCommandsFail watches this.',
          unit: 'percentunit',
          queries: [['failed', 'galaxy:gateway_commands_failed:ratio_rate5m']],
        },
        {
          title: 'Time of a command',
          about: 'In the gateway, upstream included.',
          unit: 's',
          queries: quantiles('galaxy_gateway_command_duration_seconds', []),
        },
        {
          title: 'Time of each stage, 99 of 100',
          about:
            'session: look-up at the backend; replay: Redis; upstream: backend or lobby; verify and sign: this process.',
          unit: 's',
          queries: [
            [
              '{{stage}}',
              'histogram_quantile(0.99, sum by (stage, le) (rate(galaxy_gateway_stage_duration_seconds_bucket[$__rate_interval])))',
            ],
          ],
        },
        {
          title: 'Busiest message types',
          about: 'The ten that come most.',
          unit: 'reqps',
          queries: [
            [
              '{{message_type}}',
              'topk(10, sum by (message_type) (rate(galaxy_gateway_commands_total[$__rate_interval])))',
            ],
          ],
        },
        {
          title: 'Rate limits and replays',
          about:
            'Refused requests, by the limit that refused them, and those whose request id was used before.',
          unit: 'reqps',
          queries: [
            ['{{limit}}', 'sum by (limit) (rate(galaxy_gateway_rate_limited_total[$__rate_interval]))'],
            ['replays', 'sum(rate(galaxy_gateway_replays_total[$__rate_interval]))'],
          ],
        },
      ],
    },
    {
      title: 'Sign-in',
      graphs: [
        {
          title: 'Requests to the public routes',
          about: 'By route and HTTP status.',
          unit: 'reqps',
          queries: [
            [
              '{{route}} {{status}}',
              'sum by (route, status) (rate(galaxy_gateway_public_requests_total[$__rate_interval]))',
            ],
          ],
        },
      ],
    },
    {
      title: 'Event streams',
      graphs: [
        {
          title: 'Open streams',
          about: 'Of each replica.',
          unit: 'short',
          queries: [['{{instance}}', 'galaxy_gateway_streams_open']],
        },
        {
          title: 'Ends of streams',
          about: 'DRAINING comes with every rollout; SLOW_CONSUMER, UNVERIFIED and RESYNC should be rare.',
          unit: 'ops',
          queries: [
            ['{{reason}}', 'sum by (reason) (rate(galaxy_gateway_streams_ended_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Subscriptions',
          about: 'Calls of SubscribeEvents, by outcome.',
          unit: 'ops',
          queries: [
            ['{{outcome}}', 'sum by (outcome) (rate(galaxy_gateway_subscriptions_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Events',
          about: 'Written to streams, live or from the log, and dropped with a stream that ended.',
          unit: 'ops',
          queries: [
            ['{{path}}', 'sum by (path) (rate(galaxy_gateway_events_delivered_total[$__rate_interval]))'],
            ['dropped', 'sum(rate(galaxy_gateway_events_dropped_total[$__rate_interval]))'],
          ],
        },
        {
          title: 'Events from the push log',
          about: 'Every gateway gets every user’s; `yes` are those whose user has a stream there.',
          unit: 'ops',
          queries: [
            [
              'open stream: {{open_stream}}',
              'sum by (open_stream) (rate(galaxy_gateway_events_received_total[$__rate_interval]))',
            ],
          ],
        },
        {
          title: 'From an event to its stream',
          about: 'Compares the clocks of two machines.',
          unit: 's',
          queries: quantiles('galaxy_gateway_event_delivery_seconds', []),
        },
      ],
    },
    {
      title: 'The link to the push log',
      graphs: [
        {
          title: 'Connected',
          about: '0: the players of this replica receive no events.',
          unit: 'short',
          queries: [['{{instance}}', 'galaxy_gateway_push_connected']],
        },
        {
          title: 'Lag',
          about: 'How far behind the log the replica is. Up to 5 s is the interval of heartbeats.',
          unit: 's',
          queries: [
            ['{{instance}}', 'galaxy_gateway_push_lag_seconds'],
            ['{{instance}} heartbeat', 'galaxy_gateway_push_heartbeat_delay_seconds'],
          ],
        },
        {
          title: 'Reconnects and skipped frames',
          about: 'Skipped frames mean that the versions of gateway and push process are incompatible.',
          unit: 'ops',
          queries: [
            ['reconnects', 'sum(rate(galaxy_gateway_push_reconnects_total[$__rate_interval]))'],
            ['skipped frames', 'sum(rate(galaxy_gateway_push_skipped_frames_total[$__rate_interval]))'],
          ],
        },
      ],
    },
    {
      title: 'The process',
      graphs: [
        {
          title: 'Event loop delay, 99 of 100',
          about: 'Above 0.1 s everything here is late.',
          unit: 's',
          queries: [['{{instance}}', 'galaxy_gateway_event_loop_delay_seconds{quantile="0.99"}']],
        },
        {
          title: 'Event loop utilization',
          about: 'Near 1 the replica is saturated: add replicas.',
          unit: 'percentunit',
          queries: [['{{instance}}', 'galaxy_gateway_event_loop_utilization_ratio']],
        },
        {
          title: 'Memory',
          about: 'rss is what the container’s limit counts.',
          unit: 'bytes',
          queries: [['{{instance}} {{kind}}', 'galaxy_gateway_memory_bytes{kind=~"rss|heap_used"}']],
        },
        {
          title: 'Connections',
          about: 'By listener.',
          unit: 'short',
          queries: [['{{listener}}', 'sum by (listener) (galaxy_gateway_connections_open)']],
        },
      ],
    },
  ]);
}
