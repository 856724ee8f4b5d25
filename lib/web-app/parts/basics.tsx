// Small parts that every page uses.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../context.ts';
import { wordsFor } from '../errors.ts';
import { serverNow } from '../server-time.ts';
import { durationWords } from '../time-words.ts';
import type { Loaded } from '../use-load.ts';

/** Shows what was loaded; until then that it is on its way, or why it did not come. */
export function Async<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  const { text } = useWords();
  const { value, error, reload } = of;
  return (
    <>
      {error !== undefined && (
        <div class="error" role="alert">
          <p>{wordsFor(error, text)}</p>
          <button type="button" onClick={() => void reload()}>
            {text.tryAgain}
          </button>
        </div>
      )}
      {value !== undefined && children(value)}
      {value === undefined && error === undefined && <p class="loading">{text.loading}</p>}
    </>
  );
}

/** Why something failed; nothing while it has not. */
export function Problem({ error }: { error: unknown }) {
  const { text } = useWords();
  if (error === undefined) return null;
  return (
    <p class="problem" role="alert">
      {wordsFor(error, text)}
    </p>
  );
}

/** Runs one thing at a time, and keeps why it failed. */
export function useAct(): { busy: boolean; error: unknown; act: (work: () => Promise<unknown>) => void } {
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined });
  const act = (work: () => Promise<unknown>) => {
    if (state.busy) return;
    setState({ busy: true, error: undefined });
    work().then(
      () => setState({ busy: false, error: undefined }),
      (error: unknown) => setState({ busy: false, error }),
    );
  };
  return { ...state, act };
}

/** A button that shows why what it does failed, and asks first where there is no way back. */
export function Act(props: {
  label: string;
  /** For screen readers, where the label alone does not say what it is about. */
  about?: string;
  primary?: boolean;
  asks?: boolean;
  onAct: () => Promise<unknown>;
}) {
  const { label, about, primary = false, asks = false, onAct } = props;
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [asked, setAsked] = useState(false);
  const run = () => {
    setAsked(false);
    act(onAct);
  };
  if (asked) {
    return (
      <span class="asks" role="alert">
        {text.game.sure}{' '}
        <button type="button" class="danger" onClick={run}>
          {text.game.yes}
        </button>{' '}
        <button type="button" onClick={() => setAsked(false)}>
          {text.game.no}
        </button>
      </span>
    );
  }
  return (
    <span class="act">
      <button
        type="button"
        class={primary ? 'primary' : ''}
        disabled={busy}
        {...(about !== undefined && { 'aria-label': `${label}: ${about}` })}
        onClick={() => (asks ? setAsked(true) : run())}
      >
        {label}
      </button>
      <Problem error={error} />
    </span>
  );
}

/** How much is left until a time, by the gateway's clock. Within the last hour it shows seconds. */
export function Countdown({ to }: { to: string }) {
  const { language, text } = useWords();
  const [now, setNow] = useState(serverNow);
  const left = (Date.parse(to) - now) / 1_000;
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const shown = left < 3_600 ? left : Math.floor(left / 60) * 60;
  return (
    <time dateTime={to} class={left < 60 ? 'countdown soon' : 'countdown'}>
      {left <= 0 ? text.card.overdue : durationWords(shown, language, 'short')}
    </time>
  );
}

/** A labelled field with help and what is wrong with it. */
export function Labelled(props: {
  id: string;
  label: string;
  help?: string | undefined;
  problem?: string | undefined;
  children: ComponentChildren;
}) {
  const { id, label, help, problem, children } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {help !== undefined && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
