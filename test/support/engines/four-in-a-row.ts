// A real engine as a process of its own: that of four in a row, unless another one is asked for.
import { freePort } from '../../../infra/local/child.ts';
import { type RunningProcess, runEntry } from '../run/run-process.ts';
import { untilUp } from '../run/until-up.ts';

export type TestEngine = RunningProcess & {
  readonly url: string;
  /** Sends a request. @returns status and JSON of the response. */
  ask(method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown): Promise<[status: number, body: unknown]>;
};

/** Starts it and waits until it is healthy. @param port default: a free one. @param entry its file. */
export async function startTestEngine(
  variables: Record<string, string> = {},
  port?: number,
  entry = 'workers/four-in-a-row.ts',
): Promise<TestEngine> {
  const enginePort = port ?? (await freePort());
  const url = `http://127.0.0.1:${enginePort}`;
  const running = runEntry(entry, {
    GALAXY_ENGINE_HOST: '127.0.0.1',
    GALAXY_ENGINE_PORT: String(enginePort),
    ...variables,
  });
  const early = running.ended.then(({ stderr }) => {
    throw new Error(`the engine ended before it was healthy: ${stderr}`);
  });
  await untilUp(async () => (await fetch(`${url}/healthz`)).ok, early);
  return {
    ...running,
    url,
    async ask(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return [response.status, await response.json()];
    },
  };
}
