import { pino } from 'pino';
import { expect, it } from 'vitest';
import { StartupError } from '../../lib/config/startup.ts';
import { type ListenerPlan, openListeners } from '../../lib/node/listeners.ts';

const closed: string[] = [];

function plan(name: string, open: ListenerPlan['open']): ListenerPlan {
  return { name, variable: `${name}_ADDR`, address: { host: '127.0.0.1', port: 0 }, open };
}

const opens = (name: string) =>
  plan(name, async () => ({
    port: 1,
    close: async () => {
      closed.push(name);
    },
  }));

async function open(plans: ListenerPlan[]) {
  const lines: { listener: string; msg: string }[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
  const outcome = await openListeners(plans, log).then(
    () => 'open',
    (error: unknown) => error,
  );
  return { outcome, announced: lines.map(({ listener, msg }) => `${listener} ${msg}`) };
}

it('listeners are announced once all of them are open', async () => {
  expect(await open([opens('A'), opens('B')])).toEqual({
    outcome: 'open',
    announced: ['A listening', 'B listening'],
  });
});

it('no listener is announced, and each is closed again, when another one cannot be opened', async () => {
  const taken = plan('C', async () => {
    throw new Error('the port is taken');
  });
  const { outcome, announced } = await open([opens('A'), taken, opens('B')]);
  expect(outcome).toEqual(new StartupError([{ variable: 'C_ADDR', message: 'the port is taken' }]));
  expect(announced).toEqual([]);
  expect(closed.toSorted()).toEqual(['A', 'B']);
});
