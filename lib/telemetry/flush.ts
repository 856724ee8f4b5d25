// Exports the spans and metrics that remain when the process ends. infra/node/telemetry.ts registers the SDK here;
// lib/node/process.ts waits for the export, within a bound, since an exporter whose collector is down would delay the
// end of the process by many seconds.

const flushTimeoutMs = 2_000;
let flush: (() => Promise<void>) | undefined;

export function registerFlush(work: () => Promise<void>): void {
  flush = work;
}

/** Whether the SDK runs in this process. */
export function telemetryRuns(): boolean {
  return flush !== undefined;
}

/** Never throws: what could not be exported is lost with the process, and the SDK logs that itself. */
export async function flushTelemetry(): Promise<void> {
  if (flush === undefined) return;
  const timeout = new Promise<void>((resolve) => setTimeout(resolve, flushTimeoutMs).unref());
  await Promise.race([flush().catch(reportFailure), timeout]);
}

function reportFailure(error: unknown): void {
  process.stderr.write(
    `telemetry was not exported completely: ${error instanceof Error ? error.message : error}\n`,
  );
}
