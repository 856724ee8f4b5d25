// The fields of a stream entry are flat text. Codecs parse them into values and write values back as the same text.
import { z } from 'zod';

/** A whole number in decimal digits. */
export const integerText = z.codec(z.string().regex(/^-?\d{1,15}$/, 'must be a whole number'), z.int(), {
  decode: Number,
  encode: String,
});

/** JSON text of a value of `schema`. */
export function jsonText<T extends z.ZodType>(schema: T) {
  return z.codec(z.string(), schema, {
    decode: (text, context): z.input<T> => {
      try {
        return JSON.parse(text) as z.input<T>;
      } catch {
        context.issues.push({ code: 'custom', message: 'must be JSON', input: text });
        return z.NEVER;
      }
    },
    encode: (value) => JSON.stringify(value),
  });
}

/** The fields of an entry with this value, names and texts alternating. @throws z.ZodError when it is not valid. */
export function fieldsOf(entry: z.ZodObject, value: Readonly<Record<string, unknown>>): string[] {
  const fields = z.encode(entry, value) as Record<string, string | undefined>;
  return Object.entries(fields).flatMap(([name, text]) => (text === undefined ? [] : [name, text]));
}
