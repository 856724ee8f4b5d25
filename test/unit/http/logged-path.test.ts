import { expect, test } from 'vitest';
import { loggedPath } from '../../../lib/http/logged-path.ts';

test('a path is logged without the invite code in it', () => {
  expect(loggedPath('/api/v1/lobby/invite-codes/4fJ-x_9/redeem')).toBe(
    '/api/v1/lobby/invite-codes/[redacted]/redeem',
  );
  expect(loggedPath('/api/v1/lobby/invite-codes/4fJ-x_9')).toBe('/api/v1/lobby/invite-codes/[redacted]');
});

test('other paths are logged as they are', () => {
  expect(loggedPath('/api/v1/lobby/invites/0197/redeem')).toBe('/api/v1/lobby/invites/0197/redeem');
});
