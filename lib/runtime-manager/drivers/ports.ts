// Ports of this machine for engines. They are below the range of outgoing connections, so that no connection takes a
// port before its engine listens. No port is given out twice, also while an engine does not listen yet or is halted.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const [firstPort, endPort] = [10_240, 32_768];
const attempts = 200;
/** Of a process that has ended: its port is free once the last of its threads has gone. */
const heldMs = 2_000;
const pollMs = 50;

export class Ports {
  readonly #reserved = new Set<number>();

  /** Reserves a port on which no process listens. */
  async reserveFree(host: string): Promise<number> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const port = randomInt(firstPort, endPort);
      if (this.#reserved.has(port)) continue;
      // Before the check, since another start may check at the same time.
      this.#reserved.add(port);
      if (await isFree(host, port)) return port;
      this.#reserved.delete(port);
    }
    throw new Error(`found no free port on ${host} between ${firstPort} and ${endPort - 1}`);
  }

  /** Reserves a port that an engine had before. */
  reserve(port: number): void {
    this.#reserved.add(port);
  }

  release(port: number): void {
    this.#reserved.delete(port);
  }
}

/** Whether no process listens on a port that an engine had until now. */
export async function becomesFree(host: string, port: number): Promise<boolean> {
  for (const deadline = performance.now() + heldMs; !(await isFree(host, port)); await delay(pollMs)) {
    if (performance.now() > deadline) return false;
  }
  return true;
}

export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  }
}
