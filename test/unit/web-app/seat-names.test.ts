import { expect, it } from 'vitest';
import { seatNames } from '../../../lib/web-app/seat-names.ts';
import { en } from '../../../lib/web-app/texts/en.ts';

type State = Parameters<typeof seatNames>[0];

function state(options: Record<string, unknown>, members: [seat: number | null, name: string][]): State {
  const rows = members.map(([seat, race_name]) => ({ seat, race_name }));
  return { game: { options }, members: rows } as unknown as State;
}

it('names members by their race names, and bots behind them', () => {
  expect(
    seatNames(
      state({ bots: 2 }, [
        [2, 'Zerg'],
        [1, 'Protoss'],
        [null, 'left early'],
      ]),
      en,
    ),
  ).toEqual([
    { seat: 1, name: 'Protoss' },
    { seat: 2, name: 'Zerg' },
    { seat: 3, name: 'Bot 1' },
    { seat: 4, name: 'Bot 2' },
  ]);
});

it('has no seats before the start', () => {
  expect(seatNames(state({}, [[null, 'Zerg']]), en)).toEqual([]);
});
