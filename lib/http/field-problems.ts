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
    return [{ field: path.join('.'), problem: issue.message }];
  });
}

/** The refusal of a request whose fields cannot be used. */
export function invalidFields(fields: readonly FieldProblem[]): Refusal {
  return new Refusal('invalid_request', 'The request is not valid; see the fields.', { fields });
}
