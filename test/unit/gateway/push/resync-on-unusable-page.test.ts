import { expect, test } from 'vitest';
import { PushReadError } from '../../../../lib/gateway/push/push-client.ts';
import { resyncOnUnusablePage } from '../../../../lib/gateway/push/resync-on-unusable-page.ts';
import { keptLog } from '../../../support/run/log-lines.ts';

const { signal } = new AbortController();

function readerThat(fail: (after: string) => PushReadError | undefined) {
  const { log, lines } = keptLog();
  const asked: string[] = [];
  const read = resyncOnUnusablePage(async (_userId, after) => {
    asked.push(after);
    const error = fail(after);
    if (error !== undefined) throw error;
    return { found: true, events: [], headEventId: 'head' };
  }, log);
  return { read, asked, lines };
}

const unusable = new PushReadError('unusable answer', { retryable: false });
const away = new PushReadError('out of reach', { retryable: true });

test('an answer that can be used is passed on as it is', async () => {
  const { read, asked } = readerThat(() => undefined);
  expect(await read('user', 'after', signal)).toEqual({ found: true, events: [], headEventId: 'head' });
  expect(asked).toEqual(['after']);
});

test('events that cannot be used count as gone, and are told in the log', async () => {
  const { read, asked, lines } = readerThat((after) => (after === '' ? undefined : unusable));
  expect(await read('user', 'after', signal)).toEqual({ found: false, events: [], headEventId: 'head' });
  expect(asked).toEqual(['after', '']);
  expect(lines).toMatchObject([{ level: 'error', user_id: 'user', after: 'after' }]);
});

test('a log that is out of reach is no reason to reload', async () => {
  const { read, asked } = readerThat(() => away);
  await expect(read('user', 'after', signal)).rejects.toBe(away);
  expect(asked).toEqual(['after']);
});

test('a log that cannot even tell its head is told as what it is', async () => {
  const { read, asked } = readerThat(() => unusable);
  await expect(read('user', 'after', signal)).rejects.toBe(unusable);
  await expect(read('user', '', signal)).rejects.toBe(unusable);
  expect(asked).toEqual(['after', '', '']);
});
