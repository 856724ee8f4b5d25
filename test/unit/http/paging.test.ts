import { z } from '@hono/zod-openapi';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageTokens } from '../../../lib/http/paging.ts';

const position = z.tuple([z.int(), z.uuid()]).readonly();
const tokens = pageTokens('games', position);
const token = tokens.of({ status: 'draft', page_size: '2' });
const anyPosition = fc.tuple(fc.maxSafeInteger(), fc.uuid());

const refused = {
  code: 'invalid_request',
  details: {
    fields: [
      {
        field: 'page_token',
        problem: 'is not a token of this list with these filters; start again without one',
      },
    ],
  },
};
const reading = (text: string) => () => token.read(text);

describe('a page token', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(anyPosition, (place) => {
        expect(token.read(token.write(place))).toEqual(place);
      }),
    );
  });

  test('goes into a URL as it is', () => {
    fc.assert(
      fc.property(anyPosition, (place) => {
        expect(token.write(place)).toMatch(/^[\w-]+$/);
      }),
    );
  });

  test('that is absent means the beginning', () => {
    expect(token.read(undefined)).toBeUndefined();
  });

  test('of another list is refused', () => {
    const other = pageTokens('members', position).of({ status: 'draft' });
    fc.assert(
      fc.property(anyPosition, (place) => {
        expect(reading(other.write(place))).toThrow(expect.objectContaining(refused));
      }),
    );
  });

  test('of a page with other filters is refused, whatever their order, page size and token are', () => {
    const { write } = tokens.of({ status: 'draft', game_type: 'public' });
    const filters = [
      {},
      { status: 'draft' },
      { status: 'paused', game_type: 'public' },
      { game_type: 'draft', status: 'public' },
    ];
    fc.assert(
      fc.property(anyPosition, fc.constantFrom(...filters), (place, other) => {
        expect(() => tokens.of(other).read(write(place))).toThrow(expect.objectContaining(refused));
        const same = { page_token: write(place), game_type: 'public', page_size: '7', status: 'draft' };
        expect(tokens.of(same).read(write(place))).toEqual(place);
      }),
    );
  });

  test('is refused when a character of it is missing, added or another one', () => {
    const edits = fc.tuple(
      anyPosition,
      fc.nat(),
      fc.constantFrom('remove', 'insert', 'replace'),
      fc.constantFrom(...'aZ0_-=+/ '),
    );
    fc.assert(
      fc.property(edits, ([place, at, edit, character]) => {
        const text = token.write(place);
        const index = at % text.length;
        const kept = edit === 'insert' ? index : index + 1;
        const edited = text.slice(0, index) + (edit === 'remove' ? '' : character) + text.slice(kept);
        fc.pre(edited !== text);
        const read = readOrRefuse(edited);
        // An edit may make another well-formed token, which then is exactly that one.
        if (read !== undefined) expect(token.write(read)).toBe(edited);
      }),
    );
  });

  test('is refused when it is any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readOrRefuse(text)).toBeUndefined();
      }),
    );
  });
});

function readOrRefuse(text: string) {
  try {
    return token.read(text);
  } catch (error) {
    expect(error).toMatchObject(refused);
    return undefined;
  }
}
