// Channels from the gateway to the push service. Each has connections of its own, resolves the service's name itself and
// goes to any of its replicas.
import { Client, type ClientOptions, credentials } from '@grpc/grpc-js';
import type { ListenAddress } from '../../config/types.ts';
import { anyReplica } from './any-replica.ts';

const options: ClientOptions = {
  // A page of events has about 1 MiB; the server sends no larger message than this.
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Each channel has connections of its own. gRPC's pauses between attempts are shorter than those of this client.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.enable_retries': 0,
  // The service may move to another address; gRPC would look its name up every 30 s at most.
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  'grpc.service_config': anyReplica,
  // Events come from the configured address only: proxies in the environment and TXT records are ignored.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
};

/** The target of the push service, as gRPC writes it. */
export function pushTarget({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function openPushChannel(target: string): Client {
  return new Client(target, credentials.createInsecure(), options);
}

/** Up to a fifth less or more, so that the gateways do not open their channels again at the same moment. */
export function spreadLifetimeMs(lifetimeMs: number, random = Math.random()): number {
  return lifetimeMs * (0.8 + 0.4 * random);
}
