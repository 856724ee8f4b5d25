import { describe, expect, it } from 'vitest';
import { addressList } from '../../../lib/config/address-list.ts';
import {
  duration,
  listenAddress,
  originList,
  peerAddress,
  positiveDuration,
  rate,
} from '../../../lib/config/types.ts';

const problem = (result: { success: boolean; error?: { issues: { message: string }[] } }) =>
  result.success ? undefined : result.error?.issues[0]?.message;

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['20d', 1_728_000_000],
    ['480h', 1_728_000_000],
  ])('reads %s', (text, expected) => {
    expect(duration.parse(text)).toBe(expected);
  });

  // A timer of more than 2^31 - 1 ms would fire at once, and again and again.
  it.each(['21d', '30d', '481h', '999999999d', '999999999m'])(
    'is refused where no timer can wait as long: %s',
    (text) => {
      for (const schema of [duration, positiveDuration])
        expect(problem(schema.safeParse(text))).toBe('must be at most 20d');
    },
  );

  it.each(['', '5', '5 s', '-5s', '1.5h', '1w'])(
    'is not %j, and the message shows how to write one',
    (text) => {
      expect(problem(duration.safeParse(text))).toBe('write a duration such as 250ms, 5s, 1m, 2h or 7d');
    },
  );
});

describe('a rate', () => {
  it.each([
    ['10/s burst 20', { count: 10, perMs: 1_000, burst: 20 }],
    ['5/m burst 1', { count: 5, perMs: 60_000, burst: 1 }],
    ['20/h', { count: 20, perMs: 3_600_000, burst: 20 }],
    ['1/d burst 2', { count: 1, perMs: 86_400_000, burst: 2 }],
    ['off', 'off'],
  ])('reads %s', (text, expected) => {
    expect(rate.parse(text)).toEqual(expected);
  });

  it.each([
    '10',
    '10/w',
    '0/s',
    '10/s burst 0',
    '10/s burst',
    '-1/s',
    '1.5/s',
    '10 / s',
    'OFF',
    '10/s burst 20 ',
  ])('is not %j, and the message shows how to write one', (text) => {
    expect(problem(rate.safeParse(text))).toMatch(/^write a rate such as 10\/s, 10\/s burst 20 .* or off$/);
  });
});

describe('an address', () => {
  it('may leave out the host where something listens, and take a free port', () => {
    expect(listenAddress.parse(':0')).toEqual({ host: '::', port: 0 });
    expect(listenAddress.parse('[::1]:65535')).toEqual({ host: '::1', port: 65_535 });
    expect(peerAddress.parse('redis:6379')).toEqual({ host: 'redis', port: 6_379 });
  });

  it.each([
    [listenAddress, '127.0.0.1:99999', 'the port is out of range; it goes up to 65535'],
    [listenAddress, ':123456789012', 'the port is out of range; it goes up to 65535'],
    [listenAddress, '127.0.0.1', 'write host:port, or :port for every interface'],
    [peerAddress, '127.0.0.1:65536', 'the port is out of range; it goes from 1 to 65535'],
    [peerAddress, '127.0.0.1:0', 'the port is out of range; it goes from 1 to 65535'],
    [peerAddress, ':6379', 'write host:port'],
  ])('is refused with the reason: %# %s', (schema, text, expected) => {
    expect(problem(schema.safeParse(text))).toBe(expected);
  });
});

describe('a list of addresses', () => {
  it('takes addresses and networks of both versions', () => {
    const list = addressList.parse('10.0.0.0/8, 192.0.2.1,2001:db8::/32');
    const inside: [string, 'ipv4' | 'ipv6'][] = [
      ['10.255.0.1', 'ipv4'],
      ['192.0.2.1', 'ipv4'],
      ['2001:db8:ffff::1', 'ipv6'],
    ];
    const outside: [string, 'ipv4' | 'ipv6'][] = [
      ['11.0.0.1', 'ipv4'],
      ['192.0.2.2', 'ipv4'],
      ['2001:db9::1', 'ipv6'],
    ];
    expect(inside.map(([address, version]) => list.check(address, version))).toEqual([true, true, true]);
    expect(outside.map(([address, version]) => list.check(address, version))).toEqual([false, false, false]);
  });

  it.each([
    ['10.0.0.0/8,', '"" is neither an IP address nor a network such as 10.0.0.0/8'],
    ['10.0.0', '"10.0.0" is neither an IP address nor a network such as 10.0.0.0/8'],
    ['proxy.example.com', '"proxy.example.com" is neither an IP address nor a network such as 10.0.0.0/8'],
    ['10.0.0.0/33', '"10.0.0.0/33" is not a network: its prefix has at most 32 bits'],
    ['2001:db8::/129', '"2001:db8::/129" is not a network: its prefix has at most 128 bits'],
    ['0.0.0.0/0', '"0.0.0.0/0" includes every address; list only the trusted ones'],
    ['::/0', '"::/0" includes every address; list only the trusted ones'],
    ['::ffff:10.0.0.1', '"::ffff:10.0.0.1" is an IPv4 address in the form of IPv6; write it as IPv4'],
  ])('refuses %s and says which entry is wrong', (text, expected) => {
    expect(problem(addressList.safeParse(text))).toBe(expected);
  });
});

describe('a list of origins', () => {
  it('takes them as browsers write them', () => {
    expect(originList.parse('https://play.example.com, http://localhost:5173')).toEqual([
      'https://play.example.com',
      'http://localhost:5173',
    ]);
  });

  it.each([
    '*',
    'null',
    'https://*.example.com',
    'play.example.com',
    'https://play.example.com/',
    'https://play.example.com/app',
    'https://Play.example.com',
    'https://play.example.com:443',
    'file://',
    'https://play.example.com,',
  ])('refuses %s', (text) => {
    expect(problem(originList.safeParse(text))).toMatch(
      / is not an origin; write scheme, host in lower case and port/,
    );
  });
});
