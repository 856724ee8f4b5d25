// The operations that an OpenAPI document describes.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Schema = { [key: string]: Json };

export type Operation = {
  summary: string;
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  body: Schema | undefined;
  /** The status of success, and the schema of its body. */
  status: number;
  result: Schema;
  /** The named schema that the result, or every item of its page, has. */
  resultName: string | undefined;
  isPage: boolean;
  /** The schema of the body of every refusal, and the codes that it may have. */
  refusal: Schema;
  errors: string[];
};

/** Operations by `METHOD /path/{parameter}`, schemas with their references resolved. */
export type Operations = ReadonlyMap<string, Operation>;

/** The parts of an OpenAPI document that are read here. */
export type ApiDocument = {
  components?: { schemas?: Record<string, Schema> };
  paths?: Record<string, Record<string, RawOperation>>;
};
type RawContent = { content?: Record<string, { schema: Schema }>; description?: string };
type RawOperation = {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: RawContent;
  responses: Record<string, RawContent>;
};

export function readOperations(document: ApiDocument): Operations {
  return new Map([...operationsIn(document)].map(([name, read]) => [name, read()]));
}

/** The same, each read when it is asked for: to read one takes longer than to find it. */
export function operationsIn({ components, paths }: ApiDocument): ReadonlyMap<string, () => Operation> {
  const schemas = components?.schemas ?? {};
  return new Map(
    Object.entries(paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, raw]): [string, () => Operation] => [
        `${method.toUpperCase()} ${path}`,
        () => readOperation(raw, schemas),
      ]),
    ),
  );
}

function readOperation(raw: RawOperation, schemas: Record<string, Schema>): Operation {
  const resolve = (schema: Schema) => inline(schema, schemas) as Schema;
  const schemaOf = (content: RawContent | undefined) => content?.content?.['application/json']?.schema;
  const [status, success] = Object.entries(raw.responses).find(([code]) => code.startsWith('2')) ?? [];
  const refusal = raw.responses.default;
  const result = schemaOf(success) ?? {};
  const items = (result.properties as { items?: { items?: Schema } } | undefined)?.items?.items;
  const body = schemaOf(raw.requestBody);
  return {
    summary: raw.summary ?? '',
    parameters: (raw.parameters ?? []).map((parameter) => ({
      name: parameter.name,
      in: parameter.in,
      required: parameter.required ?? false,
      schema: resolve({
        ...parameter.schema,
        ...(parameter.description === undefined ? {} : { description: parameter.description }),
      }),
    })),
    body: body && resolve(body),
    status: Number(status),
    result: resolve(result),
    resultName: nameOf(items ?? result),
    isPage: items !== undefined,
    refusal: resolve(schemaOf(refusal) ?? {}),
    errors: (refusal?.description ?? '').replace(/^Refused: |\.$/g, '').split(', '),
  };
}

/** Replaces references by the schemas that they refer to. */
function inline(value: Json, schemas: Record<string, Schema>): Json {
  if (Array.isArray(value)) return value.map((item) => inline(item, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const name = nameOf(value);
  if (name !== undefined) return inline(schemas[name] ?? {}, schemas);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inline(item, schemas)]));
}

/** The name of the schema that is referred to. */
function nameOf({ $ref }: Schema): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}
