// Fields for a value of a JSON Schema: orders of games without a board, and the options of games.
import { useId, useState } from 'preact/hooks';
import { isRecord } from './is-record.ts';
import { emptyValue, type Field, fieldFor, pathTo, type Schema } from './schema-field.ts';

export type Problem = { readonly path: string; readonly message: string };

export type SchemaFormTexts = {
  readonly add: string;
  readonly remove: string;
  readonly noChoice: string;
  readonly notJson: string;
  readonly jsonHelp: string;
};

type Common = {
  readonly root: Schema;
  readonly problems: readonly Problem[];
  readonly text: SchemaFormTexts;
};

/** @param props.onChange gets the whole value; what is empty is left out of it. */
export function SchemaForm(props: {
  schema: Schema;
  value: unknown;
  problems?: readonly Problem[];
  text: SchemaFormTexts;
  onChange: (value: unknown) => void;
}) {
  const { schema, value, problems = [], text, onChange } = props;
  const common = { root: schema, problems, text };
  const field = fieldFor(schema, schema, '', '');
  if (field.kind !== 'group') {
    return <One common={common} schema={schema} name="" path="" required value={value} onChange={onChange} />;
  }
  return (
    <div class="fields">
      <Members common={common} field={field} path="" value={value} onChange={onChange} />
      <Problems problems={problems} path="" id={undefined} />
    </div>
  );
}

type Shown = {
  readonly common: Common;
  readonly schema: Schema;
  readonly name: string;
  readonly path: string;
  readonly required: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
};

function One(shown: Shown) {
  const { common, schema, name, path } = shown;
  const field = fieldFor(common.root, schema, name, path);
  if (field.kind === 'group') {
    return (
      <fieldset class="group">
        <legend>{field.label}</legend>
        {field.help !== undefined && <p class="help">{field.help}</p>}
        <Members {...shown} field={field} />
      </fieldset>
    );
  }
  if (field.kind === 'list') return <List {...shown} field={field} />;
  return <Simple {...shown} field={field} />;
}

type GroupField = Extract<Field, { kind: 'group' }>;

function Members(props: Pick<Shown, 'common' | 'path' | 'value' | 'onChange'> & { field: GroupField }) {
  const { common, path, field, onChange } = props;
  const value = isRecord(props.value) ? props.value : {};
  return field.members.map(({ name, schema, required }) => (
    <One
      key={name}
      common={common}
      schema={schema}
      name={name}
      path={pathTo(path, name)}
      required={required}
      value={Object.hasOwn(value, name) ? value[name] : undefined}
      onChange={(changed) => {
        const { [name]: _, ...others } = value;
        onChange(changed === undefined ? others : { ...others, [name]: changed });
      }}
    />
  ));
}

function List(props: Shown & { field: Extract<Field, { kind: 'list' }> }) {
  const { common, path, field, value, onChange } = props;
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return (
    <fieldset class="group">
      <legend>{field.label}</legend>
      {field.help !== undefined && <p class="help">{field.help}</p>}
      {items.map((item, index) => (
        <div class="item" key={index}>
          <One
            {...props}
            schema={field.items}
            name={String(index + 1)}
            path={pathTo(path, index)}
            required
            value={item}
            onChange={(changed) => onChange(items.with(index, changed ?? null))}
          />
          <button
            type="button"
            aria-label={`${common.text.remove}: ${field.label} ${index + 1}`}
            onClick={() => onChange(items.toSpliced(index, 1))}
          >
            {common.text.remove}
          </button>
        </div>
      ))}
      <Problems problems={common.problems} path={path} id={undefined} />
      <button
        type="button"
        aria-label={`${common.text.add}: ${field.label}`}
        onClick={() => onChange([...items, emptyValue(common.root, field.items) ?? null])}
      >
        {common.text.add}
      </button>
    </fieldset>
  );
}

function Simple(props: Shown & { field: Exclude<Field, { kind: 'group' | 'list' }> }) {
  const { common, path, field, required } = props;
  const id = useId();
  const problems = common.problems.filter((problem) => problem.path === path);
  const described = [
    ...(field.help !== undefined || field.kind === 'json' ? [`${id}-help`] : []),
    ...(problems.length > 0 ? [`${id}-problem`] : []),
  ].join(' ');
  const attributes = {
    id,
    required: required && field.kind !== 'yes_no',
    'aria-invalid': problems.length > 0,
    ...(described !== '' && { 'aria-describedby': described }),
  };
  return (
    <div class={`field ${field.kind}`}>
      <label for={id}>{field.label}</label>
      <Input {...props} attributes={attributes} />
      {(field.help !== undefined || field.kind === 'json') && (
        <p class="help" id={`${id}-help`}>
          {field.help ?? common.text.jsonHelp}
        </p>
      )}
      <Problems problems={common.problems} path={path} id={`${id}-problem`} />
    </div>
  );
}

type InputProps = Parameters<typeof Simple>[0] & { attributes: Record<string, unknown> };

function Input(props: InputProps) {
  const { field, value, onChange, attributes } = props;
  switch (field.kind) {
    case 'number':
      return (
        <input
          {...attributes}
          type="number"
          inputMode={field.whole ? 'numeric' : 'decimal'}
          step={field.whole ? 1 : 'any'}
          {...(field.min !== undefined && { min: field.min })}
          {...(field.max !== undefined && { max: field.max })}
          value={typeof value === 'number' ? value : ''}
          onInput={({ currentTarget: { value: typed } }) =>
            onChange(typed === '' ? undefined : Number(typed))
          }
        />
      );
    case 'text':
      return (
        <input
          {...attributes}
          type="text"
          {...(field.maxLength !== undefined && { maxLength: field.maxLength })}
          value={typeof value === 'string' ? value : ''}
          onInput={({ currentTarget: { value: typed } }) => onChange(typed === '' ? undefined : typed)}
        />
      );
    case 'yes_no':
      return (
        <input
          {...attributes}
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget: { checked } }) => onChange(checked)}
        />
      );
    case 'choice':
      return <Choice {...props} choices={field.choices} />;
    case 'json':
      return <Json {...props} />;
  }
}

function Choice({
  choices,
  value,
  common,
  attributes,
  onChange,
}: InputProps & { choices: readonly unknown[] }) {
  const at = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return (
    <select
      {...attributes}
      value={String(at)}
      onChange={({ currentTarget: { value: chosen } }) => onChange(choices[Number(chosen)])}
    >
      <option value="-1">{common.text.noChoice}</option>
      {choices.map((choice, index) => (
        <option key={JSON.stringify(choice)} value={String(index)}>
          {typeof choice === 'string' ? choice : JSON.stringify(choice)}
        </option>
      ))}
    </select>
  );
}

function Json({ value, common, attributes, onChange }: InputProps) {
  const [typed, setTyped] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState(false);
  const change = (text: string) => {
    setTyped(text);
    try {
      onChange(text.trim() === '' ? undefined : JSON.parse(text));
      setBroken(false);
    } catch {
      setBroken(true);
    }
  };
  return (
    <>
      <textarea
        {...attributes}
        rows={4}
        spellcheck={false}
        value={typed}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      {broken && <p class="problem">{common.text.notJson}</p>}
    </>
  );
}

function Problems(props: { problems: readonly Problem[]; path: string; id: string | undefined }) {
  const own = props.problems.filter(({ path }) => path === props.path);
  if (own.length === 0) return null;
  return (
    <p class="problem" {...(props.id !== undefined && { id: props.id })}>
      {own.map(({ message }) => message).join(' ')}
    </p>
  );
}
