/** The texts of a board, by language. English is always there. */
export type Languages<Texts> = { readonly en: Texts } & Readonly<Record<string, Texts>>;

/** @param locale `de`, `de-AT`. @returns English for a language that the board does not have. */
export function textsFor<Texts>(languages: Languages<Texts>, locale: string): Texts {
  const [language = 'en'] = locale.split('-');
  return Object.hasOwn(languages, language) ? (languages[language] ?? languages.en) : languages.en;
}
