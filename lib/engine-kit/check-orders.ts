// What is wrong with a seat's orders: the size, the schema of the manifest, whose turn it is, then the rules themselves.
import { engineBounds, type OrderProblem, type TurnResponse, validateResponseSchema } from '../engine/api.ts';
import { schemaChecker } from '../engine/json-schema.ts';
import { maxJsonDepth } from '../engine/schema-problems.ts';
import { isDeeperThan } from '../http/json-depth.ts';
import { isStorableJson } from '../http/storable-json.ts';
import { frozenJson, jsonBytes } from './json.ts';
import type { Rules } from './rules.ts';
import { calling, RulesError } from './rules-error.ts';

/** The first kind of problem that there is. */
export type OrderChecker = (
  position: { readonly state: unknown; readonly response: TurnResponse },
  seat: number,
  orders: unknown,
) => readonly OrderProblem[];

export function orderChecker<State, Orders, Options, View>(
  rules: Rules<State, Orders, Options, View>,
): OrderChecker {
  const checkSchema = schemaChecker(rules.manifest.orders_schema, 'orders_schema');
  const sequential = rules.manifest.turn_order === 'sequential';
  return ({ state, response }, seat, orders) => {
    const whole = (message: string) => [{ path: '', message }];
    // Bounds first: a schema may take long with large values.
    if (isDeeperThan(orders, maxJsonDepth)) return whole(`is nested more than ${maxJsonDepth} levels deep`);
    if (jsonBytes(orders) > engineBounds.ordersBytes) {
      return whole(`is larger than ${engineBounds.ordersBytes} bytes`);
    }
    if (!isStorableJson(orders)) return whole('has a character that no text may have');
    const problems = checkSchema(orders);
    if (problems.length > 0) return problems;
    if (!response.alive.includes(seat)) return whole('You are no longer in this game.');
    if (sequential && !response.awaiting.includes(seat)) return whole('It is not your turn.');
    // The position is one of these rules, and the schema has allowed the orders.
    const order = { seat, orders: frozenJson(orders, 'the orders') as Orders };
    const found = calling('validate', () => rules.validate(state as State, order));
    const checked = validateResponseSchema.safeParse({ problems: found.slice(0, engineBounds.problems) });
    if (checked.success) return checked.data.problems;
    const [issue] = checked.error.issues;
    throw new RulesError(`validate of the rules failed: ${issue?.path.join('/')}: ${issue?.message}`);
  };
}
