// What a response has to be.
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { engineErrorSchema, gameStateSchema } from '../../lib/engine/api.ts';
import type { Exchange } from './exchange.ts';
import { type Saying, says } from './interface-says.ts';
import { Violation } from './violation.ts';

const codes = {
  400: 'invalid_request',
  404: 'not_found',
  409: 'invalid_state',
  413: 'payload_too_large',
} as const;

export type RefusalStatus = keyof typeof codes;

/** @returns the body of a `200`. @throws Violation */
export function read<T>(schema: z.ZodType<T>, exchange: Exchange): T {
  const { status, json } = exchange;
  if (status === 500) {
    throw new Violation(
      'The engine failed (status 500), and should have responded with 200.',
      [exchange],
      says.failed,
    );
  }
  if (status !== 200) {
    throw new Violation(`The status of the response is ${status}, and should be 200.`, [exchange]);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map((key) => `/${String(key)}`).join('') || 'the whole';
  throw new Violation(`The response is not as described: ${where}: ${issue?.message}.`, [exchange]);
}

/** With nothing in its body but the state. @throws Violation */
export function asState(exchange: Exchange): Exchange {
  return { ...exchange, json: read(gameStateSchema, exchange) };
}

/** @param request what it was, such as `A set-up with another seed`. @throws Violation */
export function requireRefusal(exchange: Exchange, status: RefusalStatus, request: string): void {
  if (exchange.status !== status) {
    throw new Violation(`${request} got status ${exchange.status}, and should get ${status}.`, [exchange]);
  }
  const parsed = engineErrorSchema.safeParse(exchange.json);
  if (!parsed.success) {
    throw new Violation(
      `${request} was refused with a body that is not {"error":{"code":…,"message":…}}.`,
      [exchange],
      says.refusal,
    );
  }
  const { code } = parsed.data.error;
  if (code === codes[status]) return;
  const message = `${request} was refused with the code ${JSON.stringify(code)}, and ${status} has the code ${codes[status]}.`;
  throw new Violation(message, [exchange], says.refusal);
}

/** @param message of the Violation; where they differ is added to it. */
export function requireSame(first: Exchange, second: Exchange, message: string, saying?: Saying): void {
  if (first.status !== second.status) {
    throw new Violation(
      `${message}: status ${first.status}, then ${second.status}.`,
      [first, second],
      saying,
    );
  }
  const difference = firstDifference(first.json, second.json);
  if (difference !== undefined) throw new Violation(`${message}: ${difference}.`, [first, second], saying);
}

/** @returns where two JSON values differ, in words; undefined when they are equal. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (isNested(a) && isNested(b) && Array.isArray(a) === Array.isArray(b)) {
    const [before, after] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const inside = firstDifference(before.get(key), after.get(key), `${path}/${key}`);
      if (inside !== undefined) return inside;
    }
  }
  return `${path === '' ? 'the whole' : path} is ${shortly(a)}, then ${shortly(b)}`;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shortly(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
