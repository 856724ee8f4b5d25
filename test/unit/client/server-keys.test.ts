// Which keys of the gateway the client trusts.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PublicHttp } from '../../../lib/client/public-http.ts';
import { ServerClock } from '../../../lib/client/server-clock.ts';
import { ServerKeys } from '../../../lib/client/server-keys.ts';

function publicKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}
const entry = (key_id: string) => ({ key_id, public_key: publicKey(), status: 'active' });

let responses: unknown[];
let clock: ServerClock;
let keys: ServerKeys;
let fetched: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: 1_764_000_000_000 });
  responses = [];
  fetched = 0;
  clock = new ServerClock();
  const respond = async () => {
    fetched += 1;
    const headers = { date: new Date(Date.now() + 3_600_000).toUTCString() };
    return new Response(JSON.stringify(responses.shift()), { headers });
  };
  keys = new ServerKeys(new PublicHttp('http://gateway', respond, clock));
});
afterEach(() => {
  vi.useRealTimers();
});
const get = (keyId: string) => keys.get(keyId, () => keys.refresh());

test('a list is fetched once for all who wait, and is not asked for again while it has the key', async () => {
  responses = [{ keys: [entry('a'), entry('b')] }];
  const [a, b] = await Promise.all([get('a'), get('b')]);
  expect([a.type, b.type, (await get('a')) === a, fetched]).toEqual(['public', 'public', true, 1]);
});

test('a key that is no longer published is no longer trusted once a new list has come', async () => {
  responses = [{ keys: [entry('a')] }, { keys: [entry('b')] }, { keys: [entry('b')] }];
  await get('a');
  await get('b');
  await expect(get('a')).rejects.toThrow('does not publish the key a');
});

test('a list that is not whole changes nothing', async () => {
  responses = [{ keys: [entry('a')] }, { keys: [entry('b'), { key_id: 'c', public_key: 'no key' }] }];
  await get('a');
  await expect(get('b')).rejects.toThrow('something else');
  await get('a');
  expect(fetched).toBe(2);
});

test('known keys are fetched again after a day, and stay when that fails', async () => {
  responses = [{ keys: [entry('a')] }, 'no list', { keys: [entry('b')] }];
  await get('a');
  vi.advanceTimersByTime(25 * 3_600_000);
  await get('a');
  await expect(get('a')).rejects.toThrow('does not publish the key a');
  expect(fetched).toBe(3);
});

test('the clock is set by the date of the response, before anything is signed', async () => {
  responses = [{ keys: [entry('a')] }];
  await get('a');
  expect(clock.now() - Date.now()).toBeGreaterThan(3_599_000);
});
