// grpc.health.v1 for the services of a listener: SERVING until the drain begins, then NOT_SERVING. These calls are
// unsigned, so the number of Watch streams is bounded, and they end when the listener closes.
import type { Server, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

const maxWatchers = 64;

export type Health = {
  /** Every service, and the process as a whole, is NOT_SERVING. */
  stopServing(): void;
  /** Ends the streams of Watch and accepts no new ones. */
  endWatches(): void;
};

/** @param services full names, such as `galaxy.gateway.v1.EdgeGateway`. */
export function addHealthService(server: Server, services: readonly string[]): Health {
  const names = ['', ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'SERVING'])));
  const watchers = new Set<ServerWritableStream<unknown, unknown>>();
  let serving = true;
  let ended = false;

  const bounded =
    (watch: UntypedServiceImplementation[string]) => (call: ServerWritableStream<unknown, unknown>) => {
      if (ended) {
        call.emit('error', { code: status.UNAVAILABLE, details: 'This process is stopping.' });
        return;
      }
      if (watchers.size >= maxWatchers) {
        const details = `At most ${maxWatchers} health watches are open at a time; use Check.`;
        call.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
        return;
      }
      watchers.add(call);
      call.once('cancelled', () => watchers.delete(call));
      Reflect.apply(watch, undefined, [call]);
    };
  health.addToServer({
    addService: (definition, { watch, ...others }) => {
      if (watch === undefined) throw new TypeError('grpc-health-check does not implement Watch');
      server.addService(definition, { ...others, watch: bounded(watch) });
    },
  });

  return {
    stopServing: () => {
      if (!serving) return;
      serving = false;
      for (const name of names) health.setStatus(name, 'NOT_SERVING');
    },
    endWatches: () => {
      ended = true;
      for (const call of watchers) {
        call.emit('error', { code: status.UNAVAILABLE, details: 'This process is stopping.' });
      }
    },
  };
}
