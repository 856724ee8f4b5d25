import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createConsoleLogger } from '../../../lib/telemetry/console-logger.ts';
import { logSettings } from '../../../lib/telemetry/log-settings.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';

function story(log: Logger): void {
  log.info('started');
  log.debug('not told');
  const child = log.child({ request_id: 'r-1' });
  child.warn({ error: Object.assign(new Error('gone'), { code: 'ECONNRESET' }) }, 'request failed for now');
  child.child({ deeper: true }).info({ status: 200, password: 'secret', of: { token: 'secret' } }, 'request');
  log.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'worse');
}

/** Without what differs from line to line: time, and where an error was made. */
function comparable(lines: string[]): unknown[] {
  return lines.map((line) =>
    JSON.parse(line, (name, value) => (name === 'time' || name === 'stack' ? typeof value : value)),
  );
}

it('writes the lines that pino writes on Node', () => {
  const onConsole: string[] = [];
  story(createConsoleLogger({ service: 'test', level: 'info' }, (line) => onConsole.push(line)));
  const onNode: string[] = [];
  const destination = new Writable({
    write(chunk, _, done) {
      onNode.push(String(chunk));
      done();
    },
  });
  const timestamp = pino.stdTimeFunctions.isoTime;
  story(pino({ ...logSettings, level: 'info', base: { service: 'test' }, timestamp }, destination));
  expect(onNode).toHaveLength(4);
  expect(comparable(onConsole)).toEqual(comparable(onNode));
  expect(onConsole.join()).not.toContain('secret');
  expect(JSON.parse(onConsole[0] ?? '').time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it('writes nothing when it is silent', () => {
  story(createConsoleLogger({ service: 'test', level: 'silent' }, () => expect.unreachable('a line')));
});
