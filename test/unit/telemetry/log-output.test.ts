import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const logger = join(import.meta.dirname, '../../../lib/telemetry/logger.ts');

/** The messages that a process has logged to a file when it has ended. */
function logged(script: string): { messages: unknown[]; status: number | null } {
  const source = `
    import { createLogger } from '${logger}';
    const log = createLogger({ service: 'test', level: 'info' });
    ${script}`;
  const folder = mkdtempSync(join(tmpdir(), 'galaxy-log-output-'));
  const file = openSync(join(folder, 'log'), 'w+');
  try {
    const args = ['--input-type=module', '-e', source];
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', file, 'ignore'] });
    const lines = readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean);
    return { messages: lines.map((line) => JSON.parse(line).msg), status };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

it('writes a warning at once, with all that was logged before it; a kill loses only what came after', () => {
  const { messages } = logged(`
    log.info('first');
    log.child({ part: 1 }).warn('second');
    log.info('third');
    process.kill(process.pid, 'SIGKILL');
    for (;;);`);
  expect(messages).toEqual(['first', 'second']);
});

it('drops nothing of what a single turn logs, however much, when nothing has to wait', () => {
  const { messages } = logged(
    `for (let i = 0; i < 20_000; i += 1) log.info({ pad: '-'.repeat(100) }, String(i));`,
  );
  expect(messages).toEqual(Array.from({ length: 20_000 }, (_, i) => String(i)));
});

it('writes lines once per turn of the event loop', () => {
  const { messages } = logged(`
    log.info('first');
    log.info('second');
    setImmediate(() => {
      log.info('third');
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    });`);
  expect(messages).toEqual(['first', 'second']);
});

it.each([
  ['process.exit(3)', 3],
  ['throw new Error("a fault")', 1],
  ['Promise.reject(new Error("a fault"))', 1],
])('writes all that waits before the end of the process: %s', (end, code) => {
  const { messages, status } = logged(`log.info('first'); log.info('second'); ${end};`);
  expect({ messages, status }).toEqual({ messages: ['first', 'second'], status: code });
});
