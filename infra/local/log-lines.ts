// The services write JSON; a person at a terminal gets the lines that matter in words, the rest is in the log files.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const lineSchema = z.looseObject({
  level: z.string(),
  time: z.string().optional(),
  service: z.string().optional(),
  msg: z.string().optional(),
});

const alwaysShown = new Set(['sign-in code', 'account code']);
const shownLevels = new Set(['warn', 'error', 'fatal']);
const width = 15;
const mailTimeoutMs = 10_000;

/** How a line is shown on the terminal, or nothing for one that is not. */
export function readableLine(service: string, line: string): string | undefined {
  const entry = parse(line);
  if (entry === undefined) return line === '' ? undefined : `${service.padEnd(width)} ${line}`;
  const { level, time: _, service: __, msg = '', error, ...fields } = entry;
  if (!shownLevels.has(level) && !alwaysShown.has(msg)) return undefined;
  const shown = Object.entries({ ...fields, ...(error === undefined ? {} : { error: errorMessage(error) }) });
  const rest = shown.map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [service.padEnd(width), ...(shownLevels.has(level) ? [level.toUpperCase()] : []), msg, ...rest].join(
    ' ',
  );
}

/** The code of a `sign-in code` line for this challenge, if it is one. */
export function signInCode(line: string, challengeId: string): string | undefined {
  const entry = parse(line);
  return entry?.msg === 'sign-in code' && entry.challenge_id === challengeId && typeof entry.code === 'string'
    ? entry.code
    : undefined;
}

/** The local stack's mailer writes codes to a log, which stands in for a player's mailbox. @throws Error when none comes. */
export async function mailedCode(mailLog: string, challengeId: string): Promise<string> {
  for (const deadline = Date.now() + mailTimeoutMs; Date.now() < deadline; await delay(50)) {
    const lines = (await readFile(mailLog, 'utf8')).split('\n');
    const code = lines.map((line) => signInCode(line, challengeId)).find((found) => found !== undefined);
    if (code !== undefined) return code;
  }
  throw new Error(`no sign-in code for challenge ${challengeId} arrived in ${mailLog}`);
}

function parse(line: string) {
  if (!line.startsWith('{')) return undefined;
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function errorMessage(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}

/** A DSN as it may be shown: its query may hold a password, too. */
export function withoutPassword(dsn: string): string {
  const url = new URL(dsn);
  url.password = '';
  url.search = '';
  return url.href;
}
