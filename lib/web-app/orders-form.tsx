// Orders by a form, made of the schema that the game has for them: for games without a board, and for boards that failed.
import { useEffect, useState } from 'preact/hooks';
import { problemFinder } from '../engine/schema-problems.ts';
import { isRecord } from './is-record.ts';
import { emptyValue, type Schema } from './schema-field.ts';
import { type Problem, SchemaForm, type SchemaFormTexts } from './schema-form.tsx';

export type OrdersFormTexts = SchemaFormTexts & {
  readonly orders: string;
  readonly saveDraft: string;
  readonly ready: string;
};

export function OrdersForm(props: {
  schema: Schema;
  /** What is stored for this turn. */
  orders: unknown;
  turn: number;
  /** Why the last orders were refused. */
  problems: readonly Problem[];
  text: OrdersFormTexts;
  onOrders: (orders: Readonly<Record<string, unknown>>, ready: boolean) => void;
}) {
  const { schema, orders, turn, problems, text, onOrders } = props;
  const begin = () => orders ?? emptyValue(schema, schema) ?? {};
  const [value, setValue] = useState<unknown>(begin);
  const [found, setFound] = useState<readonly Problem[]>([]);
  useEffect(() => {
    setValue(begin());
    setFound([]);
  }, [turn]);

  const give = (ready: boolean) => {
    const now = problemFinder(schema)(value);
    setFound(now);
    if (now.length === 0 && isRecord(value)) onOrders(value, ready);
  };
  return (
    <form
      class="orders-form"
      aria-label={text.orders}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        give(true);
      }}
    >
      <SchemaForm
        schema={schema}
        value={value}
        problems={found.length > 0 ? found : problems}
        text={text}
        onChange={setValue}
      />
      <div class="buttons">
        <button type="button" onClick={() => give(false)}>
          {text.saveDraft}
        </button>
        <button type="submit" class="primary">
          {text.ready}
        </button>
      </div>
    </form>
  );
}
