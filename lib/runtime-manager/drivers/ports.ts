// Ports of this machine for engines. Below the range that outgoing connections take theirs from, so that none of them
// takes one before its engine listens; and none twice, also while an engine does not listen yet or rests.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [firstPort, endPort] = [10_240, 32_768];
const attempts = 200;

export class Ports {
  readonly #taken = new Set<number>();

  /** Takes a port that nobody listens on. */
  async takeFree(host: string): Promise<number> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const port = randomInt(firstPort, endPort);
      if (this.#taken.has(port)) continue;
      // Before the look, since another start may be looking, too.
      this.#taken.add(port);
      if (await isFree(host, port)) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port was found on ${host} between ${firstPort} and ${endPort - 1}`);
  }

  /** Takes this one, which an engine had before. */
  keep(port: number): void {
    this.#taken.add(port);
  }

  giveBack(port: number): void {
    this.#taken.delete(port);
  }
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
