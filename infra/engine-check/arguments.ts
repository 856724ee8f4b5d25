// The arguments of engine:check: options first, then the command of the engine with arguments of its own.
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { checksNamed, groupNames } from './run-checks.ts';

export const usage = `npm run engine:check -- [options] <command> [arguments]

Checks that an engine, in any language, keeps what docs/engine-interface.md promises. It starts the command as the
Runtime Manager does, many times, and kills it in between. docs/engine-check.md describes it.

  --only TEXT            only this group of checks, or those with this text in their name; may be repeated. Groups:
                         ${groupNames.join(', ')}
  --turns NUMBER         turns to play in all (100)
  --seed HEX             chooses the same orders and seeds of games as an earlier run
  --engine-version TEXT  GALAXY_ENGINE_VERSION of the engine (1.0.0)
  --start-timeout S      seconds until it has to be healthy (30)
  --request-timeout S    seconds for a request that no player waits for, such as a turn (30)
  --total-timeout S      seconds for all of it (600)
  --print-catalogue      only prints an engine catalogue with this engine
  --help

Exit code: 0 when all is well, 1 when a check failed, 2 for wrong arguments.`;

const options = {
  only: { type: 'string', multiple: true },
  turns: { type: 'string' },
  seed: { type: 'string' },
  'engine-version': { type: 'string' },
  'start-timeout': { type: 'string' },
  'request-timeout': { type: 'string' },
  'total-timeout': { type: 'string' },
  'print-catalogue': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const seconds = z.coerce.number().positive().max(86_400);

const valuesSchema = z.object({
  only: z
    .array(
      z.string().refine((text) => checksNamed(text).length > 0, 'there is no such group and no such check'),
    )
    .transform((texts) => texts.flatMap(checksNamed))
    .optional(),
  turns: z.coerce.number().int().min(1).max(100_000).default(100),
  seed: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .default(() => randomBytes(32).toString('hex')),
  'engine-version': z.string().min(1).default('1.0.0'),
  'start-timeout': seconds.default(30),
  'request-timeout': seconds.default(30),
  'total-timeout': seconds.default(600),
  'print-catalogue': z.boolean().default(false),
});

export type Arguments = {
  readonly command: readonly string[];
  readonly values: z.infer<typeof valuesSchema>;
};

/** @returns undefined when only the usage was asked for. @throws Error with what is wrong. */
export function readArguments(args: readonly string[], folder: string): Arguments | undefined {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  // The first word that is not an option, or what follows `--`.
  const first = tokens.find(({ kind }) => kind !== 'option');
  const at = first?.index ?? args.length;
  const { values } = parseArgs({ args: args.slice(0, at), options });
  if (values.help) return undefined;
  const command = args.slice(first?.kind === 'option-terminator' ? at + 1 : at);
  if (command.length === 0) throw new Error('the command of the engine is missing');
  const parsed = valuesSchema.safeParse(values);
  if (parsed.success) return { command: command.map((word) => absolute(word, folder)), values: parsed.data };
  const [issue] = parsed.error.issues;
  throw new Error(`--${String(issue?.path[0])}: ${issue?.message}`);
}

/** Engines work in their data folder, so that a file beside the author needs its whole path. */
function absolute(word: string, folder: string): string {
  const path = resolve(folder, word);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : word;
}
