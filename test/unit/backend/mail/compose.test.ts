import { describe, expect, it } from 'vitest';
import { composeMail, languageOf } from '../../../../lib/backend/mail/compose.ts';
import {
  accountChanges,
  accountCodePurposes,
  coalescedTypes,
  type MailContent,
} from '../../../../lib/backend/mail/mail.ts';
import { de } from '../../../../lib/backend/mail/texts/de.ts';
import { en } from '../../../../lib/backend/mail/texts/en.ts';
import { ru } from '../../../../lib/backend/mail/texts/ru.ts';
import { mailableTypes } from '../../../../lib/protocol/notification-intents.ts';

const languages = { en, de, ru };

describe('the language of a mail', () => {
  it.each([
    ['en', 'en'],
    ['en-GB', 'en'],
    ['de', 'de'],
    ['de-CH-1996', 'de'],
    ['ru-Latn', 'ru'],
    ['be', 'en'],
    ['zh-Hant-TW', 'en'],
    ['und', 'en'],
    ['toString', 'en'],
  ])('for a recipient who reads %s is %s', (locale, language) => {
    expect(languageOf(locale)).toBe(language);
  });
});

describe('the texts', () => {
  it.each(Object.entries(languages))(
    'in %s are one sentence for every notification, each another',
    (_, texts) => {
      const sentences = mailableTypes.map((type) => texts.notification.sentences[type]);
      expect(new Set(sentences).size).toBe(mailableTypes.length);
      for (const sentence of sentences) expect(sentence).toMatch(/^\p{Lu}[^.\n]{3,90}[^.\n\s]$/u);
    },
  );

  it.each(Object.entries(languages))('in %s are written in its alphabet', (language, texts) => {
    const letters = Object.values(texts.notification.sentences).join('').replaceAll(/\P{L}/gu, '');
    expect(letters).toMatch(language === 'ru' ? /^\p{Script=Cyrillic}+$/u : /^\p{Script=Latin}+$/u);
  });

  it('say minutes in Russian as Russians do', () => {
    const said = [1, 2, 5, 10, 21].map((minutes) => /\d+ \p{L}+/u.exec(ru.signInCode.validFor(minutes))?.[0]);
    expect(said).toEqual(['1 минуту', '2 минуты', '5 минут', '10 минут', '21 минуту']);
  });
});

describe('a mail about a new session', () => {
  const compose = (locale: string, more: Partial<Extract<MailContent, { kind: 'new_session' }>> = {}) =>
    composeMail({
      locale,
      content: {
        kind: 'new_session',
        device_name: 'Ada’s laptop',
        network: '203.0.113.0/24',
        created_at: '2026-01-31T23:30:00.000Z',
        time_zone: 'Europe/Berlin',
        ...more,
      },
    });

  it('says what signed in, when and from where', async () => {
    const mail = await compose('en-GB');
    expect(mail.subject).toBe('New sign-in to your Galaxy account');
    expect(mail.text).toContain('\n\nDevice: Ada’s laptop\n\nNetwork: 203.0.113.0/24\n\nTime: ');
    expect(mail.text).toContain('February 1, 2026 at 00:30 (Europe/Berlin)\n\nIf it was you,');
  });

  it.each([
    ['de', 'Neue Anmeldung bei deinem Galaxy-Konto', '1. Februar 2026 um 00:30 (Europe/Berlin)'],
    ['ru', 'Новый вход в ваш аккаунт Galaxy', '1 февраля 2026 г. в 00:30 (Europe/Berlin)'],
  ])('is written in %s', async (locale, subject, time) => {
    const mail = await compose(locale);
    expect(mail).toMatchObject({ subject, language: locale });
    expect(mail.text).toContain(`: ${time}\n`);
    expect(mail.html).toContain(time);
  });

  it('leaves out what is not known, and takes UTC for a zone that is not', async () => {
    const { text } = await compose('en', { device_name: null, network: null, time_zone: 'Mars/Olympus' });
    expect(text).toMatch(/account\.\n\nTime: January 31, 2026 at 23:30 \(UTC\)\n\n/);
  });

  it('has a device name on one line, and none as markup', async () => {
    const mail = await compose('en', { device_name: 'x\r\nBcc: a@example.com\r\n<b>' });
    expect(mail.text).toContain('\n\nDevice: x Bcc: a@example.com <b>\n\n');
    expect(mail.html).toContain('<p>Device: x Bcc: a@example.com &lt;b&gt;</p>');
  });
});

describe('a mail about an account', () => {
  it.each(Object.entries(languages))(
    'has texts of its own in %s for every code and change',
    async (locale, texts) => {
      const codes = accountCodePurposes.map(
        (purpose) => ({ kind: 'account_code', purpose, code: '042137' }) as const,
      );
      const changes = accountChanges.map(
        (change) =>
          ({
            kind: 'account_change',
            change,
            device_name: null,
            network: null,
            changed_at: '2026-01-31T23:30:00.000Z',
            time_zone: 'Europe/Berlin',
            recovery_codes_left: 7,
          }) as const,
      );
      const mails = await Promise.all(
        [...codes, ...changes].map((content) => composeMail({ locale, content })),
      );
      expect(new Set(mails.map(({ subject }) => subject)).size).toBe(6);
      expect(new Set(mails.map(({ text }) => text)).size).toBe(6);
      for (const { subject, text } of mails.slice(0, 3)) {
        expect(subject).not.toContain('042137');
        expect(text).toContain('\n\n    042137\n\n');
        expect(text).toContain(texts.signInCode.validFor(10));
      }
      for (const { text } of mails.slice(3)) {
        expect(text).toContain(`\n\n${texts.recoveryCodesLeft}: 7\n\n`);
        expect(text).toContain('(Europe/Berlin)');
      }
    },
  );
});

describe('a mail with a code', () => {
  const compose = (code: string) => composeMail({ locale: 'en', content: { kind: 'sign_in_code', code } });

  it('shows eight digits in one piece, and twelve in groups', async () => {
    for (const [code, shown] of [
      ['04213790', '04213790'],
      ['042137905566', '0421 3790 5566'],
    ] as const) {
      const ofAccount = { kind: 'account_code', purpose: 'take_address', code } as const;
      for (const mail of [compose(code), composeMail({ locale: 'en', content: ofAccount })]) {
        const { text, html } = await mail;
        expect(text).toContain(`\n\n    ${shown}\n\n`);
        expect(html).toContain(`>${shown}</p>`);
      }
    }
  });
});

describe('a mail about wrong codes', () => {
  it.each([
    ['en', 'Wrong sign-in codes for your Galaxy account', 'have 12 digits'],
    ['de-AT', 'Falsche Anmeldecodes für dein Galaxy-Konto', '12 Ziffern'],
    ['ru', 'Неверные коды для входа в ваш аккаунт Galaxy', 'из 12 цифр'],
  ])('is written in %s and says what changes', async (locale, subject, change) => {
    const mail = await composeMail({ locale, content: { kind: 'wrong_codes' } });
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(change);
    expect(mail.html).toContain(change);
  });
});

describe('a mail about a notification', () => {
  const compose = (payload: Record<string, unknown>, locale = 'en') =>
    composeMail({ locale, content: { kind: 'notification', type: 'lobby.game.started', payload } });

  it('names game and race name where the payload does', async () => {
    const mail = await compose({ game_id: 'g', game_name: 'Andromeda', race_name: "O'Neill & Sons" });
    expect(mail.subject).toBe('The game has started: “Andromeda”');
    expect(mail.text).toBe(
      [
        'The game has started.',
        'Game: Andromeda',
        "Race name: O'Neill & Sons",
        'Open your game client to see more.',
        '',
      ]
        .join('\n\n')
        .trimEnd()
        .concat('\n'),
    );
    expect(mail.html).toContain('<p>Race name: O&#39;Neill &amp; Sons</p>');
  });

  it.each([
    ['en', 'The game has started: “Andromeda”'],
    ['de', 'Das Spiel hat begonnen: „Andromeda“'],
    ['ru', 'Игра началась: «Andromeda»'],
  ])(
    'begins with the words of the platform, and quotes what players write, in %s',
    async (locale, subject) => {
      expect((await compose({ game_name: 'Andromeda' }, locale)).subject).toBe(subject);
    },
  );

  it('never cuts a name inside a letter', async () => {
    const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}';
    for (const [letter, kept] of [
      ['e\u0301', 32],
      [family, 9],
      ['\u{1F1E9}\u{1F1EA}', 32],
    ] as const) {
      const { subject } = await compose({ game_name: letter.repeat(60) });
      expect(subject).toBe(`The game has started: “${letter.repeat(kept)}”`);
    }
  });

  it('has a link with which its reader wants no more of its kind, where there is an address for that', async () => {
    const content = { kind: 'notification', type: 'lobby.game.started', payload: {} } as const;
    const url = 'https://play.example.com/api/v1/public/mail/unsubscribe?token=a.b&language=de';
    const mail = await composeMail({ locale: 'de', content }, async (_, language) =>
      language === 'de' ? url : undefined,
    );
    expect(mail.unsubscribeUrl).toBe(url);
    expect(mail.text).toMatch(/\n\nKeine Mails dieser Art mehr: https:\S+language=de\n$/);
    expect(mail.html).toContain(`<a href="${url.replace('&', '&amp;')}">Keine Mails dieser Art mehr</a>`);
    expect((await compose({})).text).not.toContain('https:');
  });

  it.each([
    ['en', 'There are 49 more applications to play in your game: “Andromeda”', 'Game'],
    ['de', 'Es gibt 49 weitere Bewerbungen für dein Spiel: „Andromeda“', 'Spiel'],
    ['ru', 'Ещё 49 заявок на участие в вашей игре: «Andromeda»', 'Игра'],
  ])('that stands for several says how many, and names no race, in %s', async (locale, subject, game) => {
    const payload = { game_name: 'Andromeda', race_name: 'Zerg' };
    const content = { kind: 'notification', type: 'lobby.application.submitted', payload } as const;
    const mail = await composeMail({ locale, content, notices: 49 });
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(`.\n\n${game}: Andromeda\n\n`);
    expect(mail.text).not.toContain('Zerg');
    const one = await composeMail({ locale, content, notices: 1 });
    expect(one.text).toContain('Zerg');
    expect(one.subject).not.toContain('1');
  });

  it.each(Object.entries(languages))('that stands for several is one sentence in %s', (_, texts) => {
    const sentences = coalescedTypes.flatMap((type) =>
      [2, 5, 21].map((count) => [count, texts.notification.numbers[type](count)] as const),
    );
    expect(new Set(sentences.map(([, sentence]) => sentence)).size).toBe(sentences.length);
    for (const [count, sentence] of sentences) {
      expect(sentence).toMatch(/^[\p{Lu}\d][^.\n]{10,90}[^.\n\s]$/u);
      expect(sentence).toContain(String(count));
    }
  });

  it('counts in Russian as Russians do', () => {
    const said = [2, 5, 21].map((count) => ru.notification.numbers['lobby.membership.left'](count));
    expect(said).toEqual([
      'Ещё 2 игрока больше не участвуют в вашей игре',
      'Ещё 5 игроков больше не участвуют в вашей игре',
      'Ещё 21 игрок больше не участвует в вашей игре',
    ]);
  });

  it('says what it can where the payload names nothing, or something that is no name', async () => {
    for (const payload of [{}, { game_name: 7 }, { game_name: ' \n ' }, { game_name: { evil: true } }]) {
      const mail = await compose(payload);
      expect(mail.subject).toBe('The game has started');
      expect(mail.text).toBe('The game has started.\n\nOpen your game client to see more.\n');
    }
  });

  it('keeps markup, line breaks and endless names from doing harm', async () => {
    const mail = await compose({
      game_name: `<img src=x onerror=alert(1)>\u2028"${'\u{1F680}'.repeat(200)}`,
    });
    expect(mail.subject).toMatch(/^The game has started: “<img src=x onerror=alert\(1\)> "\u{1F680}+”$/u);
    expect(mail.subject.length).toBeLessThan(150);
    expect(mail.subject.isWellFormed()).toBe(true);
    expect(mail.html).not.toContain('<img');
    expect(mail.html).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;');
  });
});
