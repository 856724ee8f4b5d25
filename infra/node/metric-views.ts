// What the SDK leaves out of the metrics of its instrumentations. Imported by telemetry.ts only where the SDK starts.
import { createDenyListAttributesProcessor, type ViewOptions } from '@opentelemetry/sdk-metrics';

/** Each game has an engine at an address of its own, and a set of series per address would never go away. */
export const metricViews: ViewOptions[] = [
  {
    instrumentName: 'http.*.request.duration',
    attributesProcessors: [createDenyListAttributesProcessor(['server.address', 'server.port'])],
  },
];
