// What a page shows of the platform: loaded once, and again when an event says that it may have changed.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { usePlayer } from './context.ts';
import type { News } from './player.ts';

export type Loaded<T> = {
  /** The last one that came; it stays while another is on its way. */
  readonly value: T | undefined;
  readonly error: unknown;
  readonly reload: () => Promise<void>;
};

/**
 * @param key of what is loaded: another key is loaded as a new one.
 * @param concerns whether an event may have changed it. After a hello, and when the page is looked at again, it is
 *   always loaded.
 */
export function useLoad<T>(
  key: string,
  load: () => Promise<T>,
  concerns?: (news: News) => boolean,
): Loaded<T> {
  const player = usePlayer();
  const [state, setState] = useState<{ key: string; value: T | undefined; error: unknown }>({
    key,
    value: undefined,
    error: undefined,
  });
  const latest = useRef({ load, concerns, run: 0, settled: 0 });
  latest.current.load = load;
  latest.current.concerns = concerns;

  const reload = useCallback(async () => {
    const run = ++latest.current.run;
    const settle = (next: { value: T } | { error: unknown }) => {
      // What was asked for later is newer.
      if (run < latest.current.settled) return;
      latest.current.settled = run;
      setState((before) => ({
        key,
        value: before.key === key ? before.value : undefined,
        error: undefined,
        ...next,
      }));
    };
    await latest.current.load().then(
      (value) => settle({ value }),
      (error: unknown) => settle({ error }),
    );
  }, [key]);

  useEffect(() => {
    const seen = () => {
      if (document.visibilityState === 'visible') void reload();
    };
    document.addEventListener('visibilitychange', seen);
    // Events before a hello may have been missed, also those between the first load and the first hello. The hello of a
    // stream that is open already comes at once, before anything is loaded.
    let hasBegun = false;
    const stop = player.listen((news) => {
      if (hasBegun && (news.kind === 'hello' || latest.current.concerns?.(news) === true)) void reload();
    });
    hasBegun = true;
    void reload();
    return () => {
      document.removeEventListener('visibilitychange', seen);
      stop();
    };
  }, [reload, player]);

  return state.key === key ? { ...state, reload } : { value: undefined, error: undefined, reload };
}

/** Whether an event is about a game. */
export const about = (gameId: string) => (news: News) =>
  news.kind === 'event' && 'game_id' in news.payload && news.payload.game_id === gameId;
