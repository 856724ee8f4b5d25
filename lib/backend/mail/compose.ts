// Composes subject, text and HTML of a mail, in the recipient's language if there are texts in it.
import { html } from 'hono/html';
import { cutText } from '../../names/cut.ts';
import { canReckonIn } from '../../time/time-zone.ts';
import { defaultTimeZone } from '../../users/profile.ts';
import { codeDigits } from '../../users/sign-in-requests.ts';
import { codeLifetimeMs } from '../domain/sign-in.ts';
import { coalescedTypes, type Mail, type MailContent } from './mail.ts';
import { de } from './texts/de.ts';
import { en } from './texts/en.ts';
import { ru } from './texts/ru.ts';
import type { MailTexts } from './texts/texts.ts';

export type ComposedMail = {
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The language of the texts. */
  readonly language: string;
  /** Where the recipient says that they want no more mails of this kind. */
  readonly unsubscribeUrl?: string;
};

/**
 * Makes the address with which a recipient wants no more mails of a kind; undefined when mails have none, or not of this
 * content.
 */
export type UnsubscribeUrl = (content: MailContent, language: string) => Promise<string | undefined>;

const texts = { en, de, ru };
type Language = keyof typeof texts;
const defaultLanguage: Language = 'en';

/** No name on the platform is longer. */
const maxNameLength = 64;

export async function composeMail(
  { content, locale, notices = 1 }: Pick<Mail, 'content' | 'locale' | 'notices'>,
  unsubscribeUrlOf?: UnsubscribeUrl,
): Promise<ComposedMail> {
  const language = languageOf(locale);
  const parts = partsOf(content, notices, language);
  const { subject } = parts;
  const unsubscribeUrl = await unsubscribeUrlOf?.(content, language);
  if (unsubscribeUrl === undefined)
    return { subject, text: toText(parts), html: await toHtml(parts, language), language };
  const link = { label: texts[language].notification.unsubscribe, url: unsubscribeUrl };
  return {
    subject,
    text: `${toText(parts)}\n${link.label}: ${link.url}\n`,
    html: await toHtml(parts, language, link),
    language,
    unsubscribeUrl,
  };
}

/** `de-AT` gets `de`; a language without texts gets English. */
export function languageOf(locale: string): Language {
  const { language } = new Intl.Locale(locale);
  return language in texts ? (language as Language) : defaultLanguage;
}

type Parts = {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** Shown large, after the first paragraph. */
  readonly code?: string;
};

function partsOf(content: MailContent, notices: number, language: Language): Parts {
  switch (content.kind) {
    case 'sign_in_code':
      return signInCode(texts[language].signInCode, content.code);
    case 'account_code':
      return accountCode(texts[language], content);
    case 'account_change':
      return accountChange(texts[language], content, language);
    case 'new_session':
      return newSession(texts[language].newSession, content, language);
    case 'wrong_codes':
      return wrongCodes(texts[language].wrongCodes);
    case 'notification':
      return notification(texts[language].notification, content, notices);
    default:
      return content satisfies never;
  }
}

function newSession(
  wording: MailTexts['newSession'],
  content: Extract<MailContent, { kind: 'new_session' }>,
  language: Language,
): Parts {
  const { created_at: at, ...where } = content;
  return {
    subject: wording.subject,
    paragraphs: [wording.intro, ...whereAndWhen(wording, { ...where, at }, language), wording.notYou],
  };
}

function accountChange(
  wording: MailTexts,
  content: Extract<MailContent, { kind: 'account_change' }>,
  language: Language,
): Parts {
  const { changed_at: at, recovery_codes_left: left, change, ...where } = content;
  const { subject, intro, notYou } = wording.accountChange[change];
  return {
    subject,
    paragraphs: [
      intro,
      ...whereAndWhen(wording.newSession, { ...where, at }, language),
      ...(left === null ? [] : [`${wording.recoveryCodesLeft}: ${left}`]),
      notYou,
    ],
  };
}

function whereAndWhen(
  wording: MailTexts['newSession'],
  given: { device_name: string | null; network: string | null; at: string; time_zone: string },
  language: Language,
): string[] {
  const deviceName = nameIn(given.device_name);
  // The runtime that stored the zone may know more of them.
  const timeZone = canReckonIn(given.time_zone) ? given.time_zone : defaultTimeZone;
  return [
    ...(deviceName === undefined ? [] : [`${wording.device}: ${deviceName}`]),
    ...(given.network === null ? [] : [`${wording.network}: ${given.network}`]),
    `${wording.time}: ${clockOf(language, timeZone).format(new Date(given.at))} (${timeZone})`,
  ];
}

/** By language and zone, emptied when there are many: each takes 0.1 ms to make, and most users share few. */
const clocks = new Map<string, Intl.DateTimeFormat>();
const clocksKept = 100;

function clockOf(language: Language, timeZone: string): Intl.DateTimeFormat {
  const name = `${language} ${timeZone}`;
  const known = clocks.get(name);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'short',
    hourCycle: 'h23',
    timeZone,
  });
  if (clocks.size === clocksKept) clocks.clear();
  clocks.set(name, clock);
  return clock;
}

function accountCode(
  wording: MailTexts,
  { purpose, code }: Extract<MailContent, { kind: 'account_code' }>,
): Parts {
  const { subject, intro, notYou } = wording.accountCode[purpose];
  return {
    subject,
    paragraphs: [intro, wording.signInCode.validFor(codeLifetimeMs / 60_000), notYou],
    code: inGroups(code),
  };
}

function signInCode(wording: MailTexts['signInCode'], code: string): Parts {
  return {
    subject: wording.subject,
    paragraphs: [wording.intro, wording.validFor(codeLifetimeMs / 60_000), wording.notYou],
    code: inGroups(code),
  };
}

/** A long code, so that people do not lose their place. */
function inGroups(code: string): string {
  return code.length > codeDigits ? code.replaceAll(/\d{4}(?=\d)/g, '$& ') : code;
}

function wrongCodes({ subject, intro, notYou }: MailTexts['wrongCodes']): Parts {
  return { subject, paragraphs: [intro, notYou] };
}

function notification(
  wording: MailTexts['notification'],
  { type, payload }: Extract<MailContent, { kind: 'notification' }>,
  notices: number,
): Parts {
  const coalesced = coalescedTypes.find((coalescedType) => coalescedType === type);
  const isNumber = coalesced !== undefined && notices > 1;
  const sentence = isNumber ? wording.numbers[coalesced](notices) : wording.sentences[type];
  const game = nameIn(payload.game_name);
  // That of one player among several says nothing.
  const raceName = isNumber ? undefined : nameIn(payload.race_name);
  const details = [
    ...(game === undefined ? [] : [`${wording.game}: ${game}`]),
    ...(raceName === undefined ? [] : [`${wording.raceName}: ${raceName}`]),
  ];
  return {
    // What players write stands behind the platform's own words, and in quotation marks.
    subject: game === undefined ? sentence : `${sentence}: ${wording.quoted(game)}`,
    paragraphs: [`${sentence}.`, ...details, wording.outro],
  };
}

/** A name chosen by players, on one line. */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return cutText(line.toWellFormed(), maxNameLength) || undefined;
}

function toText({ paragraphs: [first, ...rest], code }: Parts): string {
  return [first, ...(code === undefined ? [] : [`    ${code}`]), ...rest].join('\n\n').concat('\n');
}

async function toHtml(
  { subject, paragraphs: [first, ...rest], code }: Parts,
  language: string,
  link?: { label: string; url: string },
): Promise<string> {
  const document = await html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5">
<p>${first}</p>
${code === undefined ? '' : html`<p style="font-size: 32px; font-weight: bold; letter-spacing: 4px">${code}</p>`}
${rest.map((paragraph) => html`<p>${paragraph}</p>\n`)}${link === undefined ? '' : html`<p style="font-size: 13px"><a href="${link.url}">${link.label}</a></p>\n`}</body>
</html>
`;
  return String(document);
}
