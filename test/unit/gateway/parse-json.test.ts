import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../lib/gateway/parse-json.ts';

describe('bytes that should be JSON', () => {
  it('are read as UTF-8', () => {
    expect(parseJson(Buffer.from(' {"name":"Ädä 🚀"} '))).toEqual({ name: 'Ädä 🚀' });
  });

  it.each([
    ['nothing', ''],
    ['something else', '{"name":'],
    ['a byte order mark', '\ufeff{}'],
  ])('are none when they hold %s', (_, text) => {
    expect(parseJson(Buffer.from(text))).toBeUndefined();
  });

  it('are none when they are not UTF-8', () => {
    expect(parseJson(Buffer.from('{"name":"\xe4"}', 'latin1'))).toBeUndefined();
    expect(parseJson(Buffer.from('{}', 'utf16le'))).toBeUndefined();
  });
});
