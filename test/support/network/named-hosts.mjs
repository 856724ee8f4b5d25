// Loaded before a process's entry (`NODE_OPTIONS=--import`): names in the file TEST_NAMED_HOSTS, a JSON object of
// addresses by name, resolve as the file says at that moment; other names as always.
import { promises as dns } from 'node:dns';
import { readFile } from 'node:fs/promises';

const lookup = dns.lookup;

dns.lookup = async (name, options) => {
  const addresses = JSON.parse(await readFile(process.env.TEST_NAMED_HOSTS ?? '', 'utf8'))[name];
  if (addresses === undefined) return lookup(name, options);
  return addresses.map((address) => ({ address, family: 4 }));
};
