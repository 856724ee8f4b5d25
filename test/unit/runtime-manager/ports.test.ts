import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { becomesFree, isFree, Ports } from '../../../lib/runtime-manager/drivers/ports.ts';

const host = '127.0.0.1';

describe('ports of engines', () => {
  it('are given out once, also to those who ask at the same time', async () => {
    const ports = new Ports();
    const taken = await Promise.all(Array.from({ length: 100 }, () => ports.reserveFree(host)));
    expect(new Set(taken).size).toBe(100);
    for (const port of taken) {
      expect(port).toBeGreaterThanOrEqual(10_240);
      expect(port).toBeLessThan(32_768);
    }
  });

  it('are free only while no process listens on them', async () => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await isFree(host, port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isFree(host, port)).toBe(true);
  });

  it('are waited for while the process that had them is going, and no longer', async () => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await becomesFree(host, port)).toBe(false);
    const freed = becomesFree(host, port);
    server.close();
    expect(await freed).toBe(true);
  });
});
