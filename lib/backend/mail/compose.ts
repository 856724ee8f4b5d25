// Turns a mail into what a person reads: subject, text and HTML, in their language as far as there are texts in it.
import { html } from 'hono/html';
import { codeLifetimeMs } from '../domain/sign-in.ts';
import type { Mail } from './mail.ts';
import { de } from './texts/de.ts';
import { en } from './texts/en.ts';
import { ru } from './texts/ru.ts';
import type { MailTexts } from './texts/texts.ts';

export type ComposedMail = {
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Of the texts. */
  readonly language: string;
};

const texts = { en, de, ru };
type Language = keyof typeof texts;
const defaultLanguage: Language = 'en';

/** Longer names than the platform has are not names. */
const maxNameLength = 100;

export async function composeMail({
  content,
  locale,
}: Pick<Mail, 'content' | 'locale'>): Promise<ComposedMail> {
  const language = languageOf(locale);
  const parts =
    content.kind === 'sign_in_code'
      ? signInCode(texts[language].signInCode, content.code)
      : notification(texts[language].notification, content);
  return { subject: parts.subject, text: toText(parts), html: await toHtml(parts, language), language };
}

/** `de-AT` reads `de`; who reads a language without texts reads English. */
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

function signInCode(said: MailTexts['signInCode'], code: string): Parts {
  return {
    subject: said.subject,
    paragraphs: [said.intro, said.validFor(codeLifetimeMs / 60_000), said.notYou],
    code,
  };
}

function notification(
  said: MailTexts['notification'],
  { type, payload }: Extract<Mail['content'], { kind: 'notification' }>,
): Parts {
  const sentence = said.sentences[type];
  const game = nameIn(payload.game_name);
  const raceName = nameIn(payload.race_name);
  const details = [
    ...(game === undefined ? [] : [`${said.game}: ${game}`]),
    ...(raceName === undefined ? [] : [`${said.raceName}: ${raceName}`]),
  ];
  return {
    subject: game === undefined ? sentence : `${game}: ${sentence}`,
    paragraphs: [`${sentence}.`, ...details, said.outro],
  };
}

/** A name that players gave, on one line. */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, maxNameLength).toWellFormed();
}

function toText({ paragraphs: [first, ...rest], code }: Parts): string {
  return [first, ...(code === undefined ? [] : [`    ${code}`]), ...rest].join('\n\n').concat('\n');
}

async function toHtml(
  { subject, paragraphs: [first, ...rest], code }: Parts,
  language: string,
): Promise<string> {
  const document = await html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5">
<p>${first}</p>
${code === undefined ? '' : html`<p style="font-size: 32px; font-weight: bold; letter-spacing: 4px">${code}</p>`}
${rest.map((paragraph) => html`<p>${paragraph}</p>\n`)}</body>
</html>
`;
  return String(document);
}
