// Finding games of others.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { Labelled } from '../parts/basics.tsx';
import { gameTitle } from '../parts/game-card.tsx';
import { GameList, useGames } from '../parts/game-list.tsx';
import { goTo } from '../router.ts';
import { useEngines } from '../use-engines.ts';
import { useSettled } from '../use-settled.ts';

const states = ['enrollment_open', 'running', 'finished'] as const;

export function FindPage() {
  const { client } = usePlayer();
  const { text } = useWords();
  const [words, setWords] = useState('');
  const [family, setFamily] = useState('');
  const [status, setStatus] = useState<(typeof states)[number]>('enrollment_open');
  const [free, setFree] = useState(true);
  const searched = useSettled(words);
  const engines = useEngines();
  const families = [...new Set(engines.value?.map((engine) => engine.family))];
  const onlyFree = free && status === 'enrollment_open';
  const games = useGames(JSON.stringify([searched, family, status, onlyFree]), (pageToken) =>
    client.lobby.game.list({
      status,
      ...(searched.trim() !== '' && { q: searched.trim() }),
      ...(family !== '' && { engine_family: family }),
      ...(onlyFree && { has_free_places: true }),
      ...(pageToken !== undefined && { page_token: pageToken }),
    }),
  );
  return (
    <main>
      <h1>{text.find.title}</h1>
      <search class="filters">
        <Labelled id="words" label={text.find.search}>
          <input
            id="words"
            type="search"
            maxLength={100}
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </Labelled>
        <Labelled id="family" label={text.find.game}>
          <select id="family" value={family} onChange={({ currentTarget }) => setFamily(currentTarget.value)}>
            <option value="">{text.find.anyGame}</option>
            {families.map((one) => (
              <option key={one} value={one}>
                {gameTitle(one)}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled id="status" label={text.find.state}>
          <select
            id="status"
            value={status}
            onChange={({ currentTarget }) =>
              setStatus(states.find((one) => one === currentTarget.value) ?? 'enrollment_open')
            }
          >
            {states.map((one) => (
              <option key={one} value={one}>
                {text.status[one]}
              </option>
            ))}
          </select>
        </Labelled>
        {status === 'enrollment_open' && (
          <label class="check">
            <input
              type="checkbox"
              checked={free}
              onChange={({ currentTarget }) => setFree(currentTarget.checked)}
            />
            {text.find.free}
          </label>
        )}
      </search>
      <h2 class="only-heard">{text.find.results}</h2>
      <GameList games={games} nothing={text.find.nothing} />
      <CodeForm />
    </main>
  );
}

function CodeForm() {
  const { text } = useWords();
  const [code, setCode] = useState('');
  return (
    <form
      class="card inline"
      onSubmit={(event) => {
        event.preventDefault();
        goTo({ page: 'invite', code: code.trim() });
      }}
    >
      <Labelled id="invite-code" label={text.find.code}>
        <input
          id="invite-code"
          required
          autocomplete="off"
          value={code}
          onInput={({ currentTarget }) => setCode(currentTarget.value)}
        />
      </Labelled>
      <button type="submit">{text.find.useCode}</button>
    </form>
  );
}
