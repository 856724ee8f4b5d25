// A gRPC load balancing policy: like pick_first, but the address that is tried first is chosen by chance. Resolvers
// sort addresses, so that pick_first would lead every channel to the same replica behind a name. pick_first has an
// option for that, `shuffleAddressList`, which leaves two addresses in their order in this version of grpc-js.
import { experimental } from '@grpc/grpc-js';

const name = 'any_replica';
const pickFirst = experimental.parseLoadBalancingConfig({ pick_first: {} });

type Update = Parameters<experimental.ChildLoadBalancerHandler['updateAddressList']>;

class AnyReplica extends experimental.ChildLoadBalancerHandler {
  override updateAddressList(
    endpoints: Update[0],
    _: Update[1],
    options: Update[2],
    resolutionNote: Update[3],
  ): boolean {
    const inAnyOrder = endpoints.ok ? experimental.statusOrFromValue(shuffled(endpoints.value)) : endpoints;
    return super.updateAddressList(inAnyOrder, pickFirst, options, resolutionNote);
  }

  override getTypeName(): string {
    return name;
  }
}

class AnyReplicaConfig implements experimental.TypedLoadBalancingConfig {
  static createFromJson(): AnyReplicaConfig {
    return new AnyReplicaConfig();
  }

  getLoadBalancerName(): string {
    return name;
  }

  toJsonObject(): object {
    return { [name]: {} };
  }
}

experimental.registerLoadBalancerType(name, AnyReplica, AnyReplicaConfig);

/** For the option `grpc.service_config` of a channel. */
export const anyReplica = JSON.stringify({ loadBalancingConfig: [{ [name]: {} }] });

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ value }) => value);
}
