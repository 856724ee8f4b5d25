// The least that a page can be: one document with a field, from a bare node:http server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../peer.ts';

const document = '<!doctype html><title>Floor</title><input id="email">';

const calls = {
  /** @returns the address of the page. */
  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url !== '/') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(document);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  },
};
export type PageFloorCalls = typeof calls;

serveCalls(calls);
