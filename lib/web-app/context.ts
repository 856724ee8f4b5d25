// What every part of the app knows: the person who uses it, and their language.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Player } from './player.ts';
import type { Texts } from './texts/en.ts';
import { type Language, textsOf } from './texts/languages.ts';

export type Words = { readonly language: Language; readonly text: Texts };

export const WordsContext = createContext<Words>({ language: 'en', text: textsOf('en') });
export const PlayerContext = createContext<Player | undefined>(undefined);

export const useWords = (): Words => useContext(WordsContext);

export function usePlayer(): Player {
  const player = useContext(PlayerContext);
  if (player === undefined) throw new TypeError('nobody has signed in');
  return player;
}
