// The options of a game: a JSON object for the engine, which alone knows what its fields mean. The lobby bounds what has
// to be stored, shown and passed on.

import { isReadable, turningProblem, turnsDirection, unreadableProblem } from '../../names/safe-text.ts';
import { gameBounds } from './game.ts';

const { optionsBytes, optionsDepth, bots } = gameBounds;

/** What is wrong with options; undefined when they can be used. */
export function optionsProblem(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return 'must be an object';
  const problem = valueProblem(options, optionsDepth.max);
  if (problem !== undefined) return problem;
  const bytes = new TextEncoder().encode(JSON.stringify(options)).length;
  return bytes > optionsBytes.max ? `must have at most ${optionsBytes.max} bytes as JSON` : undefined;
}

/** What is wrong with the number of bots in options: the only field that means the same to every engine. */
export function botsProblem(options: Readonly<Record<string, unknown>>): string | undefined {
  if (!Object.hasOwn(options, 'bots')) return undefined;
  const given = options.bots;
  const fits = typeof given === 'number' && Number.isInteger(given) && given >= bots.min && given <= bots.max;
  return fits ? undefined : `must be a whole number from ${bots.min} to ${bots.max}`;
}

/** @param depth how many levels of objects and lists there may be from here on. */
function valueProblem(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number') return numberProblem(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === 0) return `must have at most ${optionsDepth.max} levels of objects and lists`;
  for (const [key, inner] of Object.entries(value)) {
    const problem = keyProblem(key) ?? valueProblem(inner, depth - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function keyProblem(key: string): string | undefined {
  // Code that copies fields takes it for the object's kind.
  return key === '__proto__' ? 'must not have a field named __proto__' : textProblem(key);
}

function textProblem(text: string): string | undefined {
  if (!isReadable(text)) return unreadableProblem;
  return turnsDirection(text) ? turningProblem : undefined;
}

function numberProblem(value: number): string | undefined {
  // PostgreSQL writes all digits of a number, so a short 1e308 would become a long text.
  const isPlain = Number.isFinite(value) && !String(value).includes('e');
  return isPlain ? undefined : 'must not have numbers from 1e21 up, or between 0 and 1e-6';
}
