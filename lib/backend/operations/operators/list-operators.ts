import type { BackendContext } from '../../context.ts';
import type { Operator } from '../../domain/operator.ts';
import { listOperators as listStored } from '../../store/operators.ts';

/** In the order in which they were added; disabled ones, too. A platform has few. */
export function listOperators({ db }: Pick<BackendContext, 'db'>): Promise<Operator[]> {
  return listStored(db);
}
