// The name of a player in a game, with what is wrong with it while it is typed.
import { useEffect, useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { wordsFor } from '../errors.ts';
import { useSettled } from '../use-settled.ts';
import { Labelled } from './basics.tsx';

export function RaceNameField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { client } = usePlayer();
  const { text } = useWords();
  const settled = useSettled(value.trim());
  const [checked, setChecked] = useState<{ name: string; free: boolean; message: string }>();
  useEffect(() => {
    if (settled === '') return;
    let isCurrent = true;
    client.lobby.raceName.check({ name: settled }).then(
      ({ available, message }) =>
        isCurrent && setChecked({ name: settled, free: available, message: message ?? '' }),
      (error: unknown) =>
        isCurrent && setChecked({ name: settled, free: false, message: wordsFor(error, text) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, settled, text]);
  const known = checked?.name === value.trim() ? checked : undefined;
  return (
    <Labelled
      id="race-name"
      label={text.game.raceName}
      help={known?.free === true ? text.names.free : text.game.raceNameHelp}
      problem={known?.free === false ? known.message : undefined}
    >
      <input
        id="race-name"
        required
        maxLength={60}
        autocomplete="off"
        aria-describedby="race-name-help"
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}
