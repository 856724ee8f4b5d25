// The web app for players: who uses this tab, which page they look at, and in which language.
import { render } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { PlayerContext, usePlayer, useWords, WordsContext } from './context.ts';
import { isSignedOut, wordsFor } from './errors.ts';
import { AccountPage } from './pages/account.tsx';
import { CreatePage } from './pages/create.tsx';
import { FindPage } from './pages/find.tsx';
import { GamePage } from './pages/game.tsx';
import { InvitePage } from './pages/invite.tsx';
import { MinePage } from './pages/mine.tsx';
import { NamesPage } from './pages/names.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { News } from './parts/news.tsx';
import { forgetHere, openPlayer, type Player } from './player.ts';
import { addressOf, type Route, useRoute } from './router.ts';
import { learnServerTime } from './server-time.ts';
import type { Texts } from './texts/en.ts';
import { type Language, preferredLanguage, rememberLanguage, textsOf } from './texts/languages.ts';

type Visitor =
  | { readonly kind: 'opening' }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'player'; readonly player: Player; readonly isStored: boolean };

function App() {
  const [language, setLanguage] = useState(preferredLanguage);
  const [visitor, setVisitor] = useState<Visitor>({ kind: 'opening' });
  const text = textsOf(language);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    openPlayer().then(
      (player) =>
        setVisitor(player === undefined ? { kind: 'nobody' } : { kind: 'player', player, isStored: true }),
      (error: unknown) => setVisitor({ kind: 'failed', error }),
    );
  }, []);
  const signedOut = useCallback(() => setVisitor({ kind: 'nobody' }), []);
  const chooseLanguage = (chosen: Language) => {
    rememberLanguage(chosen);
    setLanguage(chosen);
  };
  return (
    <WordsContext.Provider value={{ language, text }}>
      {visitor.kind === 'opening' && <p class="loading">{text.loading}</p>}
      {visitor.kind === 'failed' && (
        <main class="narrow">
          <h1>{text.brand}</h1>
          <p class="error" role="alert">
            {wordsFor(visitor.error, text)}
          </p>
        </main>
      )}
      {visitor.kind === 'nobody' && (
        <>
          <header class="top">
            <Brand />
          </header>
          <SignInPage onPlayer={(player, isStored) => setVisitor({ kind: 'player', player, isStored })} />
        </>
      )}
      {visitor.kind === 'player' && (
        <PlayerContext.Provider value={visitor.player}>
          <SignedIn
            key={visitor.player.deviceSessionId}
            isStored={visitor.isStored}
            onLanguage={chooseLanguage}
            onSignedOut={signedOut}
          />
        </PlayerContext.Provider>
      )}
    </WordsContext.Provider>
  );
}

function Brand() {
  const { text } = useWords();
  return (
    <a class="brand" href={addressOf({ page: 'mine' })}>
      <img src="/icon.svg" alt="" width="28" height="28" />
      {text.brand}
    </a>
  );
}

function SignedIn(props: {
  isStored: boolean;
  onLanguage: (language: Language) => void;
  onSignedOut: () => void;
}) {
  const { isStored, onLanguage, onSignedOut } = props;
  const { text } = useWords();
  const player = usePlayer();
  const route = useRoute();
  const page = useRef<HTMLDivElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = titleOf(route, text);
    // Who uses a screen reader is then at the beginning of the new page.
    if (!isFirst.current) page.current?.focus();
    isFirst.current = false;
  }, [route, text]);
  useEffect(
    () =>
      player.listen(({ kind }) => {
        // The time as this device has it does until the next hello.
        if (kind === 'hello') learnServerTime().catch(() => {});
      }),
    [player],
  );
  useEffect(() => {
    let isCurrent = true;
    void player.ended.then(async (error) => {
      if (!isCurrent || !isSignedOut(error)) return;
      await forgetHere(player.deviceSessionId);
      onSignedOut();
    });
    return () => {
      isCurrent = false;
      // Another person uses the tab now.
      player.client.close();
    };
  }, [player, onSignedOut]);
  return (
    <>
      <header class="top">
        <Brand />
        <nav aria-label={text.nav.label}>
          <ul>
            {(['mine', 'find', 'create', 'account'] as const).map((page) => (
              <li key={page}>
                <a href={addressOf({ page })} {...(route.page === page && { 'aria-current': 'page' })}>
                  {text.nav[page]}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      {!isStored && <p class="notice warn">{text.signIn.notStored}</p>}
      <News route={route} />
      <div ref={page} class="page" tabIndex={-1}>
        <Page route={route} onLanguage={onLanguage} onSignedOut={onSignedOut} />
      </div>
    </>
  );
}

function titleOf({ page }: Route, text: Texts): string {
  const titles: Partial<Record<Route['page'], string>> = { ...text.nav, names: text.names.title };
  return titles[page] === undefined ? text.brand : `${titles[page]} – ${text.brand}`;
}

function Page(props: { route: Route; onLanguage: (language: Language) => void; onSignedOut: () => void }) {
  const { route, onLanguage, onSignedOut } = props;
  switch (route.page) {
    case 'mine':
      return <MinePage />;
    case 'find':
      return <FindPage />;
    case 'create':
      return <CreatePage />;
    case 'names':
      return <NamesPage />;
    case 'account':
      return <AccountPage onLanguage={onLanguage} onSignedOut={onSignedOut} />;
    case 'invite':
      return <InvitePage key={route.code} code={route.code} />;
    case 'game':
      return <GamePage key={route.gameId} gameId={route.gameId} />;
  }
}

render(<App />, document.body);
