import { expect, test } from 'vitest';
import { PushReadError } from '../../../../lib/gateway/push/push-reads.ts';
import { resyncOnUnusablePage } from '../../../../lib/gateway/push/resync-on-unusable-page.ts';
import { recordingLog } from '../../../support/run/log-lines.ts';

const { signal } = new AbortController();

function readerThat(fail: (after: string) => PushReadError | undefined) {
  const { log, lines } = recordingLog();
  const asked: string[] = [];
  const read = resyncOnUnusablePage(async (_userId, after) => {
    asked.push(after);
    const error = fail(after);
    if (error !== undefined) throw error;
    return { found: true, events: [], headEventId: 'head' };
  }, log);
  return { read, asked, lines };
}

const unusable = new PushReadError('unusable response', { retryable: false });
const away = new PushReadError('out of reach', { retryable: true });

test('a page that can be used is passed on as it is', async () => {
  const { read, asked } = readerThat(() => undefined);
  expect(await read('user', 'after', signal)).toEqual({ found: true, events: [], headEventId: 'head' });
  expect(asked).toEqual(['after']);
});

test('events that cannot be used count as trimmed, and are logged', async () => {
  const { read, asked, lines } = readerThat((after) => (after === '' ? undefined : unusable));
  expect(await read('user', 'after', signal)).toEqual({ found: false, events: [], headEventId: 'head' });
  expect(asked).toEqual(['after', '']);
  expect(lines).toMatchObject([{ level: 'error', user_id: 'user', after: 'after' }]);
});

test('a log that is out of reach does not cause a reload', async () => {
  const { read, asked } = readerThat(() => away);
  await expect(read('user', 'after', signal)).rejects.toBe(away);
  expect(asked).toEqual(['after']);
});

test('a log whose head cannot be read either fails with the error', async () => {
  const { read, asked } = readerThat(() => unusable);
  await expect(read('user', 'after', signal)).rejects.toBe(unusable);
  await expect(read('user', '', signal)).rejects.toBe(unusable);
  expect(asked).toEqual(['after', '', '']);
});
