import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkShape, type Envelope } from '../../../lib/gateway/domain/envelope-checks.ts';
import { id } from '../../../lib/http/schemas.ts';
import { isUuid } from '../../../lib/protocol/ids.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const anyVersion = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'));

/** Whether the gateway lets an id of a session through. */
const passesTheGateway = (deviceSessionId: string) =>
  checkShape({ deviceSessionId } as Envelope)?.metadata?.field !== 'device_session_id';

it('an id of any version is one to the gateway and to every service alike', () => {
  for (const digit of '0123456789abcdef') {
    const sessionId = `01930f3c-7b1a-${digit}000-8000-0000000000aa`;
    expect([isUuid(sessionId), id.parse(sessionId), passesTheGateway(sessionId)]).toEqual([
      true,
      sessionId,
      true,
    ]);
  }
  fc.assert(
    fc.property(anyVersion, (text) => {
      expect([isUuid(text), id.safeParse(text).success, passesTheGateway(text)]).toEqual([true, true, true]);
    }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        anyVersion.map((text) => `${text}0`),
      ),
      (text) => {
        expect(id.safeParse(text).success).toBe(isUuid(text));
        if (!isUuid(text)) expect(passesTheGateway(text)).toBe(false);
      },
    ),
  );
});

it('no schema has a stricter check of its own', () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const args = ['grep', '-nE', 'z\\.uuid(v[4-8])?\\(', '--', 'lib', 'handlers', 'workers', 'infra'];
  let found = '';
  try {
    found = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  } catch (error) {
    // git grep exits with 1 where nothing is found.
    expect(error).toMatchObject({ status: 1 });
  }
  // The Game Master orders start jobs by their time, which only version 7 has; a stranger cannot send it.
  const lines = found.split('\n').filter((line) => line !== '' && !line.startsWith('lib/protocol/ids.ts:'));
  expect(lines.map((line) => line.split(':')[0])).toEqual(['handlers/game-master/register-runtime.ts']);
});
