import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routeOf, routes, toUpstreamRequest } from '../../../lib/gateway/domain/routes.ts';

const gameId = '01930f3c-7b1a-7000-8000-0000000000aa';

describe('a payload becomes an upstream request', () => {
  it('whose path parameters come out of the payload', () => {
    expect(
      toUpstreamRequest(routes['lobby.application.submit'], { game_id: gameId, race_name: 'Vega' }),
    ).toEqual({
      ok: true,
      request: {
        method: 'POST',
        target: `/api/v1/lobby/games/${gameId}/applications`,
        body: '{"race_name":"Vega"}',
      },
    });
  });

  it('whose other fields become the query of a GET', () => {
    expect(
      toUpstreamRequest(routes['lobby.game.list'], {
        page_size: 10,
        q: 'a b&c',
        has_free_places: true,
      }),
    ).toEqual({
      ok: true,
      request: { method: 'GET', target: '/api/v1/lobby/games?page_size=10&q=a+b%26c&has_free_places=true' },
    });
  });

  it('unless a query field is not a plain value', () => {
    expect(
      toUpstreamRequest(routes['lobby.game.list'], { q: { $ne: 1 }, sort: ['newest'], status: null }),
    ).toEqual({
      ok: false,
      problems: [
        { field: 'q', problem: 'must be a string, a number or a boolean' },
        { field: 'sort', problem: 'must be a string, a number or a boolean' },
        { field: 'status', problem: 'must be a string, a number or a boolean' },
      ],
    });
  });

  it.each([
    '../../internal/sessions',
    'a/b',
    '',
    'a?b',
    'a%2fb',
    '..',
    'x'.repeat(65),
    7,
    null,
    undefined,
    ['a'],
  ])('unless a path parameter is not a plain id: %j', (value) => {
    expect(toUpstreamRequest(routes['lobby.game.get'], { game_id: value })).toEqual({
      ok: false,
      problems: [{ field: 'game_id', problem: 'must be 1 to 64 letters, digits, - or _' }],
    });
  });

  it('unless it would be longer than a URL may be', () => {
    expect(toUpstreamRequest(routes['lobby.game.list'], { q: 'x'.repeat(7_000) })).toMatchObject({
      ok: true,
    });
    expect(toUpstreamRequest(routes['lobby.game.list'], { q: 'x'.repeat(8_000) })).toMatchObject({
      ok: false,
      problems: [{ field: 'payload_bytes' }],
    });
  });

  it('and never leaves the path of its route, whatever the payload', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(routes)),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.string(),
        (route, payload, id) => {
          const built = toUpstreamRequest(route, {
            ...payload,
            game_id: id,
            application_id: id,
            device_session_id: id,
          });
          if (!built.ok) return;
          const pattern = route.path.replace(/\{\w+\}/g, '[A-Za-z0-9_-]+');
          expect(built.request.target.split('?')[0]).toMatch(new RegExp(`^${pattern}$`));
          expect(new URL(`http://host${built.request.target}`).pathname).toBe(
            built.request.target.split('?')[0],
          );
        },
      ),
    );
  });
});

describe('message types', () => {
  it('are looked up by their exact name only', () => {
    expect(routeOf('lobby.game.get')).toBe(routes['lobby.game.get']);
    for (const name of ['lobby.game.Get', 'lobby.game', 'constructor', '__proto__', 'toString', '']) {
      expect(routeOf(name)).toBeUndefined();
    }
  });

  it('read area, noun, verb', () => {
    for (const name of Object.keys(routes)) expect(name).toMatch(/^(user|lobby|game)\.[a-z_]+\.[a-z_]+$/);
  });
});
