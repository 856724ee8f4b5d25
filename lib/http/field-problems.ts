import type { z } from 'zod';
import { Refusal } from '../errors/table.ts';

export type FieldProblem = { field: string; problem: string };

/** What is wrong with each field, for the `details.fields` of an `invalid_request`. */
export function fieldProblems(error: z.core.$ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: [...path, key].join('.'), problem: 'is not a known field' }));
    }
    return [{ field: path.join('.'), problem: problemOf(issue) }];
  });
}

/** In words for a person, where a schema has no words of its own. */
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

/** The refusal of a request whose fields cannot be used. */
export function invalidFields(fields: readonly FieldProblem[]): Refusal {
  return new Refusal('invalid_request', 'The request is not valid; see the fields.', { fields });
}
