// E-mail addresses. Uses the parser of URLs for domains (UTS #46, as browsers do it), so it runs on every runtime.

/** RFC 5321, for an address in a command. Its 64 octets for a local part are left to the server that takes the mail. */
export const maxEmailLength = 254;

/** RFC 5322, in ASCII: not every server takes other local parts. */
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Top-level domains are alphabetic, or the ASCII form of a name in another script. */
const topLevel = /^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;
const maxDomainLength = 253;

export type MailboxName = { readonly localPart: string; readonly domain: string };

/**
 * The form in which an e-mail address is stored and compared, so that each has one account: without blanks around it,
 * in lower case, the domain in ASCII (`ada@пример.рф` is `ada@xn--e1afmkfd.xn--p1ai`).
 * @returns undefined when the text is not an address that mail can be sent to.
 */
export function normaliseEmail(text: string): string | undefined {
  const mailbox = parseMailbox(text);
  return mailbox && `${mailbox.localPart.toLowerCase()}@${mailbox.domain}`;
}

/** The two parts of an address: the local part as it was written, the domain in ASCII. */
export function parseMailbox(text: string): MailboxName | undefined {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  const localPart = trimmed.slice(0, at);
  const domain = asciiDomain(trimmed.slice(at + 1));
  if (at < 0 || domain === undefined || !dotAtom.test(localPart)) return undefined;
  return localPart.length + 1 + domain.length <= maxEmailLength ? { localPart, domain } : undefined;
}

function asciiDomain(text: string): string | undefined {
  const ascii = /[\u0080-\u{10FFFF}]/u.test(text) ? mapToAscii(text) : text.toLowerCase();
  if (ascii === undefined || ascii.length > maxDomainLength) return undefined;
  const labels = ascii.split('.');
  const isDomain = labels.length > 1 && labels.every((one) => label.test(one));
  return isDomain && topLevel.test(labels.at(-1) ?? '') ? ascii : undefined;
}

/** Longer texts have no ASCII form of up to `maxDomainLength`; what else a URL may hold is not a part of a domain. */
function mapToAscii(domain: string): string | undefined {
  if (domain.length > maxDomainLength || !/^[a-z0-9.\u0080-\u{10FFFF}-]+$/iu.test(domain)) return undefined;
  return URL.parse(`http://${domain}/`)?.hostname;
}
