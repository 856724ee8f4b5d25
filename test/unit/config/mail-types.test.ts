import { describe, expect, it } from 'vitest';
import { mailAddress, smtpUrl } from '../../../lib/config/mail-types.ts';

const problemOf = (result: { error?: { issues: { message: string }[] } }) => result.error?.issues[0]?.message;

describe('the URL of an SMTP server', () => {
  it.each([
    [
      'smtp://mail.example.com',
      { host: 'mail.example.com', port: 587, secure: false, credentials: undefined },
    ],
    [
      'smtps://mail.example.com/',
      { host: 'mail.example.com', port: 465, secure: true, credentials: undefined },
    ],
    ['smtp://[::1]:1025', { host: '::1', port: 1025, secure: false, credentials: undefined }],
    [
      'smtps://user%40example.com:p%3A%25w%2F@mail.example.com:2465',
      {
        host: 'mail.example.com',
        port: 2465,
        secure: true,
        credentials: { user: 'user@example.com', password: 'p:%w/' },
      },
    ],
  ])('%s is read', (text, server) => {
    expect(smtpUrl.parse(text)).toEqual(server);
  });

  it.each([
    ['mail.example.com:587', /write a URL such as/],
    ['http://mail.example.com', /write a URL such as/],
    ['smtp://', /write a URL such as/],
    ['smtp://mail.example.com/inbox', /nothing may follow/],
    ['smtp://mail.example.com?tls=no', /nothing may follow/],
    ['smtp://user@mail.example.com', /give user and password, or neither/],
    ['smtp://user:50%@mail.example.com', /percent-encode special .* % is %25/],
  ])('%s is refused', (text, problem) => {
    expect(problemOf(smtpUrl.safeParse(text))).toMatch(problem);
  });
});

describe('the address that mails come from', () => {
  it.each([
    ['noreply@example.com', { name: '', address: 'noreply@example.com' }],
    ['<noreply@example.com>', { name: '', address: 'noreply@example.com' }],
    ['Games+no/reply@Игра.рф', { name: '', address: 'Games+no/reply@xn--80afo7a.xn--p1ai' }],
    [' Галактика, игра <noreply@example.com>', { name: 'Галактика, игра', address: 'noreply@example.com' }],
  ])('%s is read', (text, address) => {
    expect(mailAddress.parse(text)).toEqual(address);
  });

  it.each([
    'Galaxy',
    'noreply@',
    'noreply@example-.com',
    'Galaxy <noreply>',
    'Galaxy <a@example.com> <b@example.com>',
    'a@example.com, b@example.com',
    'Galaxy\r\nBcc: x <noreply@example.com>',
    '"Galaxy" <noreply@example.com>',
  ])('%j is refused', (text) => {
    expect(problemOf(mailAddress.safeParse(text))).toBe(
      'write an e-mail address, or a name and the address in <>',
    );
  });
});
