import { describe, expect, it } from 'vitest';
import { addressOf, type Route, routeOf } from '../../../lib/web-app/router.ts';

describe('a route', () => {
  it.each<Route>([
    { page: 'mine' },
    { page: 'find' },
    { page: 'create' },
    { page: 'names' },
    { page: 'account' },
    { page: 'game', gameId: '01a22adf-0000-7000-8000-000000000000' },
    { page: 'invite', code: 'a/b?c#d%e ж' },
  ])('leads back from its address: $page', (route) => {
    expect(routeOf(addressOf(route))).toEqual(route);
  });

  it.each([
    '',
    '#',
    '#/',
    '#/nothing',
    '#/games',
    '#/games/',
    '#/%',
    '#/constructor',
    '#javascript:alert(1)',
  ])('is the list of games for %j', (fragment) => {
    expect(routeOf(fragment)).toEqual({ page: 'mine' });
  });
});
