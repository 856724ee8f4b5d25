// What still has to leave the process when it ends: spans and metrics that the SDK has not exported yet. The SDK
// registers itself here when it was loaded; lib/node/process.ts waits for it, within a bound, as an exporter whose
// collector is down would otherwise hold the process for many seconds.

const flushTimeoutMs = 2_000;
let flush: (() => Promise<void>) | undefined;

export function registerFlush(work: () => Promise<void>): void {
  flush = work;
}

/** Whether the SDK runs in this process. */
export function telemetryRuns(): boolean {
  return flush !== undefined;
}

/** Never throws: what could not be exported is lost with the process, and said so by the SDK's own log. */
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
