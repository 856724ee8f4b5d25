// Waits until an engine is healthy.
import { setTimeout as delay } from 'node:timers/promises';
import { engineRoutes, healthSchema } from '../../engine/api.ts';
import { askService } from '../../http/ask-service.ts';
import { type StartBounds, StartFailed } from './driver.ts';

const pollMs = 50;
const responseTimeoutMs = 1_000;
const maxResponseBytes = 4_096;

/**
 * @param requireAlive throws when the engine has ended.
 * @throws StartFailed when it is not healthy in time; whatever `requireAlive` throws; the signal's reason.
 */
export async function untilHealthy(
  endpoint: string,
  { timeoutMs, signal }: StartBounds,
  requireAlive: () => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const problem = await healthProblem(endpoint);
    // Also after a healthy response: it may be another program's, on the port that the engine did not get.
    await requireAlive();
    if (problem === undefined) return;
    if (performance.now() > deadline) {
      throw new StartFailed(
        'engine_not_healthy',
        `The engine at ${endpoint} was not healthy within ${timeoutMs / 1_000} s: GET ${engineRoutes.health} ${problem}.`,
      );
    }
    // An interrupted pause rejects with an error of its own.
    await delay(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function healthProblem(endpoint: string): Promise<string | undefined> {
  try {
    const { status, text } = await askService(`${endpoint}${engineRoutes.health}`, {
      method: 'GET',
      timeoutMs: responseTimeoutMs,
      maxBytes: maxResponseBytes,
    });
    if (status !== 200) return `responded with status ${status}`;
    return isHealthy(text) ? undefined : 'responded with 200, but not {"status":"ok"}';
  } catch (error) {
    return `got no response (${reasonOf(error)})`;
  }
}

function isHealthy(body: string): boolean {
  try {
    return healthSchema.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

/** fetch only reports that it failed; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${responseTimeoutMs / 1_000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
