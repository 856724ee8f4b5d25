import type { z } from 'zod';
import { Refusal } from '../errors/table.ts';

export type FieldProblem = { field: string; problem: string };

/**
 * What is wrong with each field, for the `details.fields` of an `invalid_request`.
 * @param input the parsed value, where it is at hand: distinguishes missing fields from invalid ones.
 */
export function fieldProblems(error: z.core.$ZodError, input?: unknown): FieldProblem[] {
  const problems = error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: [...path, key].join('.'), problem: 'is not a known field' }));
    }
    const problem = isMissing(issue, input) ? 'is missing' : problemOf(issue);
    return [{ field: path.join('.'), problem }];
  });
  // Two rules may report the same problem in the same words.
  return [...new Map(problems.map((problem) => [`${problem.field} ${problem.problem}`, problem])).values()];
}

function isMissing({ code, path }: z.core.$ZodIssue, input: unknown): boolean {
  if (input === undefined || path.length === 0 || code === 'custom') return false;
  let value: unknown = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value === undefined;
}

/** In words for people, where the schema has no message of its own. */
function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    const missing = issue.message.endsWith('received undefined');
    return missing ? 'is missing' : `must be of type ${issue.expected}`;
  }
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid option')) {
    return `must be one of ${issue.values.join(', ')}`;
  }
  return issue.message;
}

/** The refusal of a request with invalid fields. */
export function invalidFields(fields: readonly FieldProblem[]): Refusal {
  return new Refusal('invalid_request', 'The request is not valid; see the fields.', { fields });
}
