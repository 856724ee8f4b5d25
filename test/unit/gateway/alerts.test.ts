// Whom the alerts of the gateway listen to: a client without a session's key neither raises nor hides one.
import { expect, it } from 'vitest';
import { gatewayReasons } from '../../../lib/errors/gateway-reasons.ts';
import { strangersOutcomes } from '../../../lib/gateway/instruments.ts';
import { queriesOfRules } from '../../support/telemetry/monitoring-files.ts';

it('alerts on commands count no outcome that anyone can cause, in the share or in the whole', () => {
  const selectors = queriesOfRules().flatMap(({ expression }) => [
    ...expression.matchAll(
      /galaxy_gateway_commands_total\{outcome(=~|!~)"([^"]*)"\}|galaxy_gateway_commands_total\[/g,
    ),
  ]);
  expect(selectors).toHaveLength(2);
  for (const [, operator, names = ''] of selectors) {
    const outcomes = names.split('|');
    if (operator === '!~') expect(outcomes.toSorted()).toEqual([...strangersOutcomes].toSorted());
    else for (const outcome of outcomes) expect(strangersOutcomes).not.toContain(outcome);
  }
  // What is not on the list either needs the key or is the platform's own fault.
  const others = Object.keys(gatewayReasons).filter((reason) => !strangersOutcomes.has(reason));
  expect(others).toEqual([
    'REPLAY_STORE_UNAVAILABLE',
    'UPSTREAM_UNAVAILABLE',
    'SLOW_CONSUMER',
    'SUPERSEDED',
    'RESYNC',
    'UNVERIFIED',
    'DRAINING',
    'INTERNAL',
  ]);
});
