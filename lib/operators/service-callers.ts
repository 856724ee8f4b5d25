// The services and tools that may call a listener: each with the hashes of its bearer tokens, and with permissions, so
// that the token of one service is of no use for what another one does. The listener knows hashes only.
import { z } from 'zod';
import { isPermission, type Permission } from './permissions.ts';

export type ServiceCaller = {
  /** For the log: `gateway`. */
  readonly caller: string;
  /** SHA-256 of each of its tokens, in hexadecimal: the present one, and during a rotation the next. */
  readonly token_sha256: readonly string[];
  readonly permissions: readonly Permission[];
};

const permission = z.string().transform((name, context) => {
  if (isPermission(name)) return name;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(name)} is not a permission; docs/console.md lists them`,
  });
  return z.NEVER;
});

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'write 64 lower-case hexadecimal digits, as of: sha256sum');

const callers = z
  .array(
    z.strictObject({
      caller: z.string().regex(/^[a-z0-9-]{1,64}$/, 'name it with 1 to 64 characters of a-z 0-9 -'),
      token_sha256: z.array(hash).min(1, 'it needs a token').max(2, 'two tokens are enough for a rotation'),
      permissions: z.array(permission),
    }),
  )
  .min(1, 'name at least one caller')
  .refine((list) => areDistinct(list.map(({ caller }) => caller)), 'two entries have the same caller')
  .refine((list) => areDistinct(list.flatMap((one) => one.token_sha256)), 'two tokens are the same');

/** JSON: `[{"caller": "gateway", "token_sha256": ["…"], "permissions": ["users.act"]}]`. */
export const serviceCallers: z.ZodType<readonly ServiceCaller[], string> = z
  .string()
  .transform((text, context) => {
    const parsed = callers.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) {
      const where = path.length === 0 ? '' : `${path.join('.')}: `;
      context.addIssue({ code: 'custom', message: `${where}${message}` });
    }
    return z.NEVER;
  });

export type CallerCheck = (authorization: string | undefined) => Promise<ServiceCaller | undefined>;

/** Finds the caller that a header `Authorization: Bearer TOKEN` belongs to. */
export function createCallerCheck(list: readonly ServiceCaller[]): CallerCheck {
  // Tokens that were admitted. To compare them costs less than a hash for each of thousands of requests a second.
  const admitted: { token: string; caller: ServiceCaller }[] = [];
  return async (authorization) => {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const known = admitted.find((one) => sameText(token, one.token));
    if (known !== undefined) return known.caller;
    const given = await sha256(token);
    const caller = list.find(({ token_sha256 }) =>
      token_sha256.some((expected) => sameText(given, expected)),
    );
    if (caller !== undefined && !admitted.some((one) => one.token === token))
      admitted.push({ token, caller });
    return caller;
  };
}

/** In constant time: the duration does not reveal where the texts differ. */
function sameText(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}

async function sha256(text: string): Promise<string> {
  const bytes = [...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function areDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
