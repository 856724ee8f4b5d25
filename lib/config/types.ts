// The types of values that an environment variable can hold.
import { z } from 'zod';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `250ms`, `5s`, `1m`, `2h`, `30d` → milliseconds. */
export const duration = z.string().transform((text, context) => {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  const [, digits, unit] = match ?? [];
  if (digits === undefined || unit === undefined) {
    context.addIssue({ code: 'custom', message: 'write a duration such as 250ms, 5s, 1m, 2h or 30d' });
    return z.NEVER;
  }
  return Number(digits) * unitMs[unit as keyof typeof unitMs];
});

export const positiveDuration = duration.refine((ms) => ms > 0, 'must be longer than zero');

export type ListenAddress = { readonly host: string; readonly port: number };

/** `:8080` (every interface) or `127.0.0.1:8080`, `[::1]:8080`; port 0 takes a free one. */
export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const address = splitHostPort(text);
  if (address === undefined) {
    context.addIssue({ code: 'custom', message: 'write host:port, or :port for every interface' });
    return z.NEVER;
  }
  return { host: address.host === '' ? '0.0.0.0' : address.host, port: address.port };
});

/** Whether only this machine can reach a listener there. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** `host:port` of a peer. */
export const peerAddress = z.string().transform((text, context): ListenAddress => {
  const address = splitHostPort(text);
  if (address === undefined || address.host === '' || address.port === 0) {
    context.addIssue({ code: 'custom', message: 'write host:port' });
    return z.NEVER;
  }
  return address;
});

function splitHostPort(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match && port <= 65_535 ? { host: match[1] ?? match[2] ?? '', port } : undefined;
}

/** An http or https URL without query and fragment; a trailing slash is dropped. */
export const httpUrl = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    context.addIssue({ code: 'custom', message: 'write a URL such as http://127.0.0.1:8081' });
    return z.NEVER;
  }
  if (url.username !== '' || url.password !== '') {
    context.addIssue({ code: 'custom', message: 'credentials do not belong into this URL' });
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

export const anyText = z.string();

export const filePath = z.string().min(1);

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
  error: 'write one of trace, debug, info, warn, error, fatal, silent',
});
