import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressList } from '../../../lib/config/address-list.ts';
import { addressBlock, callerAddress, clientAddress } from '../../../lib/http/client-address.ts';

const trusted = addressList.parse('10.0.0.0/8, 192.0.2.1, fd00::/8');

describe('the client’s address without a trusted proxy', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, 'unknown'],
  ])('is that of the socket: %s', (socketAddress, expected) => {
    expect(clientAddress(socketAddress, [], undefined)).toBe(expected);
    expect(clientAddress(socketAddress, [], trusted)).toBe(expected);
  });

  it('is never what the client says of itself', () => {
    for (const list of [undefined, trusted]) {
      expect(clientAddress('203.0.113.7', ['198.51.100.1'], list)).toBe('203.0.113.7');
    }
    expect(clientAddress(undefined, ['198.51.100.1'], trusted)).toBe('unknown');
  });
});

describe('the client’s address behind trusted proxies', () => {
  it.each([
    ['one proxy', '10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
    [
      'several, each with a header of its own',
      '10.0.0.1',
      ['198.51.100.1', '10.0.0.2', 'fd00::7'],
      '198.51.100.1',
    ],
    ['several in one header', '10.0.0.1', ['198.51.100.1, 10.0.0.2 ,fd00::7'], '198.51.100.1'],
    ['a proxy on a mapped IPv4 socket', '::ffff:10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
    ['a proxy that is named by itself', '192.0.2.1', ['198.51.100.1'], '198.51.100.1'],
    ['a mapped IPv4 client', '10.0.0.1', ['::FFFF:198.51.100.1'], '198.51.100.1'],
    ['mapped IPv4 in hexadecimal', '10.0.0.1', ['::ffff:c633:6401'], '198.51.100.1'],
    ['an address with a port', '10.0.0.1', ['198.51.100.1:4711'], '198.51.100.1'],
    ['IPv6 in brackets with a port', '10.0.0.1', ['[2001:DB8:0:0::1]:443'], '2001:db8::1'],
    ['IPv6 in its long form', '10.0.0.1', ['2001:0db8:0000:0000:0000:0000:0000:0001'], '2001:db8::1'],
    ['blanks and tabs', '10.0.0.1', ['  \t198.51.100.1\t '], '198.51.100.1'],
    ['no header at all', '10.0.0.1', [], '10.0.0.1'],
    ['no address outside', '10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
  ])('with %s is the first that none of them has', (_, socketAddress, forwardedFor, expected) => {
    expect(clientAddress(socketAddress, forwardedFor, trusted)).toBe(expected);
  });

  it.each([
    ['a forged client', ['1.1.1.1, 198.51.100.1'], '198.51.100.1'],
    ['a forged trusted proxy', ['1.1.1.1, 10.0.0.9, 198.51.100.1'], '198.51.100.1'],
    ['a header of its own before the proxy’s', ['10.0.0.9', '198.51.100.1'], '198.51.100.1'],
    ['garbage', ['<script>, , 999.1.1.1, 198.51.100.1'], '198.51.100.1'],
  ])('does not fall for %s, which is to the left of what the proxy wrote', (_, forwardedFor, expected) => {
    expect(clientAddress('10.0.0.1', forwardedFor, trusted)).toBe(expected);
  });

  it.each([
    [''],
    ['198.51.100.1,'],
    ['198.51.100'],
    ['198.51.100.01'],
    ['0x7f.0.0.1'],
    ['2130706433'],
    ['198.51.100.1:port'],
    ['198.51.100.1:123456'],
    ['[198.51.100.1]:80'],
    ['[2001:db8::1'],
    ['2001:db8::1]'],
    ['[2001:db8::1]x'],
    ['localhost'],
    ['unknown'],
    ['198.51.100.1 198.51.100.2'],
  ])('is that of the socket when the header is malformed: %j', (header) => {
    expect(clientAddress('10.0.0.1', [header], trusted)).toBe('10.0.0.1');
  });

  it('is, whatever a client writes, one that a trusted hop has seen', () => {
    const forged = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('10.0.0.5'), fc.string()), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(forged, (entries) => {
        expect(clientAddress('10.0.0.1', [...entries, '198.51.100.1'], trusted)).toBe('198.51.100.1');
      }),
    );
  });
});

describe('a gRPC call', () => {
  const call = (peer: string, ...forwardedFor: string[]) => {
    const metadata = new Metadata();
    for (const value of forwardedFor) metadata.add('x-forwarded-for', value);
    return { getPeer: () => peer, metadata };
  };

  it.each([
    ['203.0.113.7:50123', '203.0.113.7'],
    ['::ffff:203.0.113.7:50123', '203.0.113.7'],
    ['2001:db8::1:8080', '2001:db8::1'],
    ['2001:db8::1:50123', '2001:db8::1'],
    ['unknown', 'unknown'],
  ])('from %s comes from there', (peer, expected) => {
    expect(callerAddress(call(peer), undefined)).toBe(expected);
    expect(callerAddress(call(peer), trusted)).toBe(expected);
    expect(callerAddress(call(peer, '198.51.100.1'), undefined)).toBe(expected);
    expect(callerAddress(call(peer, '198.51.100.1'), trusted)).toBe(expected);
  });

  it('through a trusted proxy comes from where its metadata says', () => {
    expect(callerAddress(call('10.0.0.1:40000', '1.1.1.1, 198.51.100.1'), trusted)).toBe('198.51.100.1');
    expect(callerAddress(call('fd00::1:40000', '1.1.1.1', '198.51.100.1'), trusted)).toBe('198.51.100.1');
  });
});

describe('what limits count an address as', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:7::', '2001:db8:0:7::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['::192.0.2.1', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s counts as %s', (address, expected) => {
    expect(addressBlock(address)).toBe(expected);
  });

  it('is the same for two addresses of IPv6 exactly when their first 64 bits are', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const address = fc.tuple(group, group, group, group, group, group, group, group);
    const text = (parts: number[]) =>
      clientAddress('10.0.0.1', [parts.map((part) => part.toString(16)).join(':')], trusted);
    fc.assert(
      fc.property(address, address, (one, other) => {
        const sameNetwork = [...one.slice(0, 4), ...other.slice(4)];
        // Not an IPv4 address in disguise.
        fc.pre(one.slice(0, 3).some((part) => part !== 0));
        expect(addressBlock(text(sameNetwork))).toBe(addressBlock(text(one)));
        const otherNetwork = one.with(3, one[3] ^ 1);
        expect(addressBlock(text(otherNetwork))).not.toBe(addressBlock(text(one)));
      }),
    );
  });
});
