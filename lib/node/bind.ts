import { once } from 'node:events';
import type { Server } from 'node:net';
import { everyInterface, type ListenAddress } from '../config/types.ts';
import { OperatorError } from '../errors/operator-error.ts';

const everyInterfaceOfIpv4 = '0.0.0.0';

/**
 * Binds an address. Every interface means IPv6 and IPv4 or, on a machine without IPv6, IPv4.
 * @param open binds a host and the port of the address.
 * @throws OperatorError that says why the address cannot be bound.
 */
export async function bind<T>(address: ListenAddress, open: (host: string) => T | Promise<T>): Promise<T> {
  const { host } = address;
  try {
    return await open(host);
  } catch (error) {
    if (host !== everyInterface || isInUse(error)) throw bindError(error, address);
  }
  try {
    return await open(everyInterfaceOfIpv4);
  } catch (error) {
    throw bindError(error, address);
  }
}

/** @throws OperatorError that says why the address cannot be bound. */
export function listenOn(server: Server, address: ListenAddress): Promise<void> {
  return bind(address, async (host) => {
    server.listen(address.port, host);
    await once(server, 'listening');
  });
}

/** Why an address cannot be bound, for the operator who chose it. */
function bindError(error: unknown, { host, port }: ListenAddress): OperatorError {
  const address = host === everyInterface ? `:${port}` : `${host}:${port}`;
  if (isInUse(error)) {
    return new OperatorError(
      `${address} is in use by another process; choose another port or stop that process`,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new OperatorError(`cannot listen on ${address}: ${why}`, { cause: error });
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
