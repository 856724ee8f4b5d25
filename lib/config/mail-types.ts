import { z } from 'zod';
import { parseMailbox } from '../users/email.ts';

export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise by STARTTLS. */
  readonly secure: boolean;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
};

const defaultPorts = { 'smtp:': 587, 'smtps:': 465 };

/** `smtp://user:password@host:587`, or `smtps://…:465` for TLS from the first byte. */
export const smtpUrl = z.string().transform((text, context): SmtpServer => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const url = URL.parse(text);
  const defaultPort = defaultPorts[url?.protocol as keyof typeof defaultPorts];
  if (url === null || defaultPort === undefined || url.hostname === '') {
    return refuse('write a URL such as smtp://user:password@smtp.example.com:587, or smtps://…:465');
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    return refuse('nothing may follow host and port');
  }
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === undefined || password === undefined) {
    return refuse('percent-encode special characters in user and password: % is %25');
  }
  if ((user === '') !== (password === '')) return refuse('give user and password, or neither');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort : Number(url.port),
    secure: url.protocol === 'smtps:',
    credentials: user === '' ? undefined : { user, password },
  };
});

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export type MailAddress = { readonly name: string; readonly address: string };

/** `noreply@example.com`, or `Galaxy <noreply@example.com>`. */
export const mailAddress = z.string().transform((text, context): MailAddress => {
  const [, name = '', inBrackets, alone] =
    /^(?:([^<>"\p{Cc}]*)<([^<>]*)>|([^<>]*))$/u.exec(text.trim()) ?? [];
  const mailbox = parseMailbox(inBrackets ?? alone ?? '');
  if (mailbox !== undefined) {
    return { name: name.trim(), address: `${mailbox.localPart}@${mailbox.domain}` };
  }
  context.addIssue({ code: 'custom', message: 'write an e-mail address, or a name and the address in <>' });
  return z.NEVER;
});
