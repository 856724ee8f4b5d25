// Fields that several forms have. Their values are texts.
import { gameTextBounds } from '../../protocol/game-texts.ts';
import { useWords } from '../context.ts';
import { Labelled } from './basics.tsx';

type Field = {
  readonly id: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

type LabelledField = Field & { readonly label: string; readonly problem?: string | undefined };

export function AddressField({ id, label, problem, value, onChange }: LabelledField) {
  return (
    <Labelled id={id} label={label} problem={problem}>
      <input
        id={id}
        type="email"
        autocomplete="email"
        required
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}

/** For a code that was mailed. */
export function CodeField(
  props: LabelledField & {
    /** Whether a recovery code will do, which has letters. */
    readonly mayHaveLetters?: boolean;
    /** Of a form that asks for nothing else: the field is large, and has the focus. */
    readonly isAlone?: boolean;
  },
) {
  const { id, label, problem, value, onChange, mayHaveLetters = false, isAlone = false } = props;
  return (
    <Labelled id={id} label={label} problem={problem}>
      <input
        id={id}
        inputMode={mayHaveLetters ? 'text' : 'numeric'}
        autocomplete="one-time-code"
        required
        {...(isAlone && { class: 'code', ref: focus })}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}

/** Outside of the component, so that it is called once and not with every change. */
function focus(input: HTMLInputElement | null): void {
  input?.focus();
}

export function GameNameField({ id, value, onChange }: Field) {
  const { text } = useWords();
  const { min, max } = gameTextBounds.gameName;
  return (
    <Labelled id={id} label={text.create.name}>
      <input
        id={id}
        required
        minLength={min}
        maxLength={max}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}

export function DescriptionField({ id, value, onChange }: Field) {
  const { text } = useWords();
  return (
    <Labelled id={id} label={text.create.description}>
      <textarea
        id={id}
        rows={3}
        maxLength={gameTextBounds.description.max}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}

/** Until when a game takes players. @param props.min the earliest time that may be chosen. */
export function DeadlineField({ id, min, value, onChange }: Field & { readonly min?: string }) {
  const { text } = useWords();
  return (
    <Labelled id={id} label={text.create.enrollmentEnds}>
      <input
        id={id}
        type="datetime-local"
        required
        {...(min !== undefined && { min })}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}
