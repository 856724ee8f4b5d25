import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientNetwork } from '../../../lib/backend/domain/client-network.ts';

describe('the network of a client', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ])('of %s is %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });

  it.each([
    '',
    'unknown',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.7:80',
    '2001:db8::1%eth0',
    '[::1]',
    '1::2::3',
    '::1]/x',
  ])('does not exist for %j', (address) => {
    expect(clientNetwork(address)).toBeUndefined();
  });

  it('is the same for all addresses of a /64 and another for every other /64', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const half = fc.tuple(group, group, group, group);
    const text = (groups: number[]) => groups.map((value) => value.toString(16)).join(':');
    fc.assert(
      fc.property(half, half, half, half, (network, host, otherNetwork, otherHost) => {
        const own = clientNetwork(text([...network, ...host]));
        expect(own).toBe(`${text(network)}::/64`);
        expect(clientNetwork(text([...network, ...otherHost]))).toBe(own);
        fc.pre(text(network) !== text(otherNetwork));
        expect(clientNetwork(text([...otherNetwork, ...host]))).not.toBe(own);
      }),
    );
  });
});
