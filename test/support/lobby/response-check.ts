// Holds answers of a service to the OpenAPI documents of its listeners.
import { z } from 'zod';
import {
  type ApiDocument,
  type Json,
  type Operation,
  operationsIn,
  type Schema,
} from '../../../infra/generate/operations.ts';

/** @throws Error that says what the document does not allow. */
export type ResponseCheck = (method: string, path: string, status: number, body: unknown) => void;

/** Checks answers to requests that the document knows; what it does not know is `not_found`. */
export function createResponseCheck(documents: readonly ApiDocument[]): ResponseCheck {
  const operations = documents
    .flatMap((document) => [...operationsIn(document)])
    .map(([name, read]) => ({
      name,
      // Literal paths come before those with parameters.
      parameters: name.split('{').length,
      pattern: new RegExp(`^${name.replace(/\{\w+\}/g, '[^/]+')}$`),
      read: once(() => {
        const operation = read();
        return { operation, success: toZod(operation.result), refusal: toZod(operation.refusal) };
      }),
    }));
  operations.sort((a, b) => a.parameters - b.parameters);

  return (method, path, status, body) => {
    const called = `${method} ${path.replace(/\?.*$/, '')}`;
    const found = operations.find(({ pattern }) => pattern.test(called));
    if (found === undefined) {
      if (status !== 404) throw new Error(`${called} answered ${status}, but no document knows it`);
      return;
    }
    const { name } = found;
    const { operation, success, refusal } = found.read();
    const result = (status === operation.status ? success : refusal).safeParse(body);
    if (!result.success) {
      throw new Error(
        `${name} answered ${status} with another body than documented: ${result.error.message}`,
      );
    }
    if (status !== operation.status) checkCode(name, operation, body);
  };
}

/** A test calls few of the operations. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Codes that any request can be answered with; see docs/lobby-api.md. */
const common = ['unauthenticated', 'payload_too_large', 'unsupported_media_type', 'service_unavailable'];

function checkCode(name: string, { errors }: Operation, body: unknown): void {
  const { code } = (body as { error: { code: string } }).error;
  if (![...errors, ...common].includes(code)) {
    throw new Error(`${name} answered with ${code}, which is not one of its documented codes: ${errors}`);
  }
}

function toZod(schema: Schema): z.ZodType {
  return z.fromJSONSchema(closed(schema) as z.core.JSONSchema.JSONSchema);
}

/** Answers may gain fields in later versions; today they have those that are documented. */
function closed(value: Json): Json {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, closed(item)]);
  const open = [value.type].flat().includes('object') && value.properties !== undefined;
  return Object.fromEntries(open ? [...entries, ['additionalProperties', false]] : entries);
}
