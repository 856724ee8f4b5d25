import { html } from 'hono/html';

type Texts = { question: string; explanation: string; button: string; done: string };

const texts: Record<'en' | 'de' | 'ru', Texts> = {
  en: {
    question: 'No more mails of this kind?',
    explanation:
      'Galaxy then sends you no mails of the kind that this link was in. You can change that in the game client.',
    button: 'No more mails',
    done: 'Done: you get no more mails of this kind.',
  },
  de: {
    question: 'Keine Mails dieser Art mehr?',
    explanation:
      'Galaxy schickt Ihnen dann keine Mails der Art mehr, in der dieser Link stand. Im Spiel lässt sich das wieder ändern.',
    button: 'Keine Mails mehr',
    done: 'Erledigt: Sie bekommen keine Mails dieser Art mehr.',
  },
  ru: {
    question: 'Больше не присылать таких писем?',
    explanation:
      'Galaxy больше не будет присылать письма того вида, в котором была эта ссылка. Это можно изменить в игре.',
    button: 'Не присылать',
    done: 'Готово: таких писем больше не будет.',
  },
};

type Language = keyof typeof texts;

/** Its form goes to the address of the page itself, as the request of a mailbox does. */
export function questionPage(language: string | undefined): Promise<string> {
  const { question, explanation, button } = texts[known(language)];
  return page(
    known(language),
    question,
    html`<p>${explanation}</p>
<form method="post"><button name="List-Unsubscribe" value="One-Click">${button}</button></form>`,
  );
}

export function donePage(language: string | undefined): Promise<string> {
  return page(known(language), texts[known(language)].done, '');
}

function known(language: string | undefined): Language {
  return language !== undefined && Object.hasOwn(texts, language) ? (language as Language) : 'en';
}

async function page(
  language: Language,
  title: string,
  content: ReturnType<typeof html> | string,
): Promise<string> {
  const document = await html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5; max-width: 32em; margin: 3em auto; padding: 0 1em">
<h1 style="font-size: 24px">${title}</h1>
${content}
</body>
</html>
`;
  return String(document);
}
