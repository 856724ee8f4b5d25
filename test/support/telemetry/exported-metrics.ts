// The metrics that processes export, under the names and labels that Prometheus sees.
import { mailInstruments } from '../../../lib/backend/mail/instruments.ts';
import { notificationInstruments } from '../../../lib/backend/notifications/maintenance.ts';
import { gameMasterInstruments } from '../../../lib/game-master/instruments.ts';
import { gatewayInstruments } from '../../../lib/gateway/instruments.ts';
import { lobbyInstruments } from '../../../lib/lobby/process/instruments.ts';
import { outboxInstruments } from '../../../lib/outbox/instruments.ts';
import { runtimeManagerInstruments } from '../../../lib/runtime-manager/instruments.ts';
import { streamInstruments } from '../../../lib/streams/instruments.ts';
import { type Declaration, Instruments } from '../../../lib/telemetry/instruments.ts';
import { logInstruments } from '../../../lib/telemetry/log-output.ts';
import { startPrometheusText } from '../../../lib/telemetry/metrics.ts';
import { readPrometheusText, type Scraped } from './prometheus-text.ts';

/** The labels of its series, by the name of a sample (`…_bucket`, not the family). */
export type Exported = ReadonlyMap<string, ReadonlySet<string>>;

const services = [
  gatewayInstruments,
  lobbyInstruments,
  outboxInstruments,
  streamInstruments,
  logInstruments,
  notificationInstruments,
  mailInstruments,
  gameMasterInstruments,
  runtimeManagerInstruments,
];

/** All declared metrics, as the exporter writes them; each has a value, so that all labels are there. */
export async function declaredMetrics(): Promise<Scraped> {
  const copies = new Instruments('galaxy.copies');
  const records = services.flatMap(({ declarations }) => declarations.map((one) => declareCopy(copies, one)));
  const text = await startPrometheusText();
  copies.start();
  for (const record of records) record();
  return readPrometheusText(await text());
}

function declareCopy(copies: Instruments, { name, type, labels, meaning }: Declaration): () => void {
  if (type === 'histogram') {
    const distribution = copies.distribution(name, labels, meaning, [1]);
    return () => distribution.record(1, labels[0]);
  }
  if (type === 'counter') {
    const counter = copies.counter(name, labels, meaning);
    return () => counter.add(1, ...labels);
  }
  copies.gauge(name, labels, meaning, (observe) => observe(1, ...labels));
  return () => {};
}

export function exportedBy(scrapes: readonly Scraped[]): Exported {
  const exported = new Map<string, Set<string>>();
  for (const { name, labels } of scrapes.flatMap(({ samples }) => samples)) {
    exported.set(name, new Set([...(exported.get(name) ?? []), ...Object.keys(labels)]));
  }
  return exported;
}
