import { describe, expect, it } from 'vitest';
import { type Check, type StartupError, start } from '../../../lib/config/startup.ts';
import { integer } from '../../../lib/config/types.ts';
import { defaulted, type Environment, type Values } from '../../../lib/config/variables.ts';

const number = integer(1, 9);
const variables = {
  low: defaulted('LOW', '1', number, { help: '' }),
  high: defaulted('HIGH', '2', number, { help: '' }),
  other: defaulted('OTHER', '1', number, { help: '' }),
};
const inOrder: Check<Values<typeof variables>> = {
  needs: ['HIGH', 'LOW'],
  problem: ({ low, high }) => (high < low ? 'is below LOW' : undefined),
};

async function problemsOf(environment: Environment) {
  const opened: string[] = [];
  const open = async () => {
    opened.push('needs HIGH');
  };
  const requirements = { one: { needs: ['HIGH'] as const, open } };
  const started = start({ environment, variables, checks: [inOrder], requirements });
  const problems = await started.then(
    () => [],
    (error: StartupError) => error.problems,
  );
  return { problems, opened };
}

const outOfOrder = { variable: 'HIGH', message: 'is below LOW' };
const notANumber = (variable: string) => ({ variable, message: expect.stringContaining('cannot be used') });

describe('a check of several variables', () => {
  it('passes when they fit', async () => {
    expect(await problemsOf({ LOW: '2' })).toEqual({ problems: [], opened: ['needs HIGH'] });
  });

  it('is made although another variable is wrong, and nothing is opened with what it refuses', async () => {
    expect(await problemsOf({ LOW: '3', OTHER: 'x' })).toEqual({
      problems: [notANumber('OTHER'), outOfOrder],
      opened: [],
    });
  });

  it('is left out when one of its own variables is wrong', async () => {
    expect((await problemsOf({ LOW: 'x', HIGH: '1' })).problems).toEqual([notANumber('LOW')]);
  });
});
