// The types of values that an environment variable can hold.
import { z } from 'zod';
import type { Rate } from '../rate-limit/rate.ts';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const durationUpTo = (days: number) =>
  z.string().transform((text, context) => {
    const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
    const [, digits, unit] = match ?? [];
    if (digits === undefined || unit === undefined) {
      context.addIssue({ code: 'custom', message: 'write a duration such as 250ms, 5s, 1m, 2h or 7d' });
      return z.NEVER;
    }
    const ms = Number(digits) * unitMs[unit as keyof typeof unitMs];
    if (ms > days * unitMs.d) {
      context.addIssue({ code: 'custom', message: `must be at most ${days}d` });
      return z.NEVER;
    }
    return ms;
  });

/**
 * `250ms`, `5s`, `1m`, `2h`, `20d` → milliseconds, few enough for any timer and any time-out of PostgreSQL: Node fires a
 * timer of more than 2^31 - 1 ms (24.8 days) at once; the rest is room for jitter.
 */
export const duration = durationUpTo(20);

const longerThanZero = 'must be longer than zero';

export const positiveDuration = duration.refine((ms) => ms > 0, longerThanZero);

/** How long something is kept, which is compared with times and never becomes a timer. */
export const retentionTime = durationUpTo(36_500).refine((ms) => ms > 0, longerThanZero);

/** `10/s burst 20`; without a burst the whole count may come at once. `off` for no limit. */
export const rate = z.string().transform((text, context): Rate | 'off' => {
  if (text === 'off') return 'off';
  const match = /^(\d{1,6})\/(s|m|h|d)(?: burst (\d{1,6}))?$/.exec(text);
  const count = Number(match?.[1]);
  const burst = Number(match?.[3] ?? count);
  if (match === null || count === 0 || burst === 0) {
    const message =
      'write a rate such as 10/s, 10/s burst 20 or 5/m burst 1 (s, m, h or d; not zero), or off';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return { count, perMs: unitMs[match[2] as keyof typeof unitMs], burst };
});

/** Of IPv6, which on every system that we know includes IPv4. */
export const everyInterface = '::';

export type ListenAddress = { readonly host: string; readonly port: number };

/** `:8080` (every interface) or `127.0.0.1:8080`, `[::1]:8080`; port 0 takes a free one. */
export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const address = splitHostPort(text);
  if (address === undefined) {
    context.addIssue({ code: 'custom', message: 'write host:port, or :port for every interface' });
    return z.NEVER;
  }
  if (address.port > maxPort) {
    context.addIssue({ code: 'custom', message: `the port is out of range; it goes up to ${maxPort}` });
    return z.NEVER;
  }
  return { host: address.host === '' ? everyInterface : address.host, port: address.port };
});

/** Whether only this machine can reach a listener there. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** `host:port` of a peer. */
export const peerAddress = z.string().transform((text, context): ListenAddress => {
  const address = splitHostPort(text);
  if (address === undefined || address.host === '') {
    context.addIssue({ code: 'custom', message: 'write host:port' });
    return z.NEVER;
  }
  if (address.port === 0 || address.port > maxPort) {
    context.addIssue({ code: 'custom', message: `the port is out of range; it goes from 1 to ${maxPort}` });
    return z.NEVER;
  }
  return address;
});

const maxPort = 65_535;

/** The port may be out of range. */
function splitHostPort(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]*)):(\d+)$/.exec(text);
  return match ? { host: match[1] ?? match[2] ?? '', port: Number(match[3]) } : undefined;
}

/** `https://play.example.com, http://localhost:5173` → origins, as browsers write them. */
export const originList = z.string().transform((text, context): readonly string[] => {
  const origins = text.split(',').map((part) => part.trim());
  const bad = origins.find((origin) => !isOrigin(origin));
  if (bad === undefined) return origins;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(bad)} is not an origin; write scheme, host in lower case and port, such as https://play.example.com`,
  });
  return z.NEVER;
});

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url?.origin === text && ['http:', 'https:'].includes(url.protocol) && !text.includes('*');
}

/** An http or https URL without query and fragment; a trailing slash is dropped. */
export const httpUrl = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    context.addIssue({ code: 'custom', message: 'write a URL such as http://127.0.0.1:8081' });
    return z.NEVER;
  }
  if (url.username !== '' || url.password !== '') {
    context.addIssue({ code: 'custom', message: 'this URL must not contain credentials' });
    return z.NEVER;
  }
  return text.replace(/\/+$/, '');
});

export const postgresDsn = z
  .string()
  .refine(
    (text) => ['postgres:', 'postgresql:'].includes(URL.parse(text)?.protocol ?? ''),
    'write a DSN such as postgres://user:password@host:5432/database',
  );

/** Values separated by commas, none when empty. An invalid one is named by its position, as it may hold a secret. */
export const listOf = <T>(entry: z.ZodType<T, string>) =>
  z.string().transform((text, context): readonly T[] => {
    const values: T[] = [];
    const parts = text === '' ? [] : text.split(',');
    for (const [index, part] of parts.entries()) {
      const { data, error } = entry.safeParse(part.trim());
      if (error === undefined) values.push(data);
      else {
        const why = error.issues.map((issue) => issue.message).join('; ');
        context.addIssue({ code: 'custom', message: `entry ${index + 1} of ${parts.length}: ${why}` });
      }
    }
    return values;
  });

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, 'write a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max}`);

export const boolean = z
  .enum(['true', 'false'], { error: 'write true or false' })
  .transform((text) => text === 'true');

export const text = z.string().min(1);

const maxTokenLength = 4_096;

/** What follows `Bearer ` in a header: wider than RFC 6750's b64token, but only what a header can carry. */
export const bearerToken = z.string().transform((token, context) => {
  if (/^[\x21-\x7e]+$/.test(token) && token.length <= maxTokenLength) return token;
  const message = /\s$/.test(token)
    ? 'it ends with a blank or newline; remove it'
    : `it must be 1 to ${maxTokenLength} visible ASCII characters without blanks; create one with: openssl rand -hex 32`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Base64 of the 32 bytes of an Ed25519 public key, with either alphabet. */
export const ed25519PublicKey = z
  .string()
  .regex(
    /^[A-Za-z0-9+/_-]{43}=?$/,
    'write base64 of 32 bytes, as of: openssl pkey -in key.pem -pubout -outform der | tail -c 32 | base64',
  );

export const anyText = z.string();

export const filePath = z.string().min(1);

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
  error: 'write one of trace, debug, info, warn, error, fatal, silent',
});
