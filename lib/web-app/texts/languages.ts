import { de } from './de.ts';
import { en, type Texts } from './en.ts';
import { ru } from './ru.ts';

export type Language = 'en' | 'de' | 'ru';

export const languages: Readonly<Record<Language, Texts>> = { en, de, ru };

export function textsOf(language: Language): Texts {
  return languages[language];
}

const item = 'galaxy.language';

/** What the person chose here, or else what their browser prefers. */
export function preferredLanguage(): Language {
  const wanted = [localStorage.getItem(item) ?? '', ...navigator.languages];
  return wanted.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(item, language);
}

export function isLanguage(tag: string | undefined): tag is Language {
  return tag !== undefined && Object.hasOwn(languages, tag);
}
