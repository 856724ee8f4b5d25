// Loaded before the entry of a process (`NODE_OPTIONS=--import=…`): the names in the file TEST_NAMED_HOSTS, a JSON
// object of addresses by name, resolve as the file says at that moment; other names as always.
import { promises as dns } from 'node:dns';
import { readFile } from 'node:fs/promises';

const resolve = dns.lookup;

const lookup = async (name: string, options: object) => {
  const hosts: Record<string, string[]> = JSON.parse(
    await readFile(process.env.TEST_NAMED_HOSTS ?? '', 'utf8'),
  );
  const addresses = hosts[name];
  if (addresses === undefined) return resolve(name, options);
  return addresses.map((address) => ({ address, family: 4 }));
};

dns.lookup = lookup as typeof dns.lookup;
