// What a player may ask of a game, one request each, and what becomes of all of them for one caller.
import { type Reply, refusalOf, type Sender } from './play-stage.ts';

export const playerRequests = {
  turn: (from) => from.get('/turn'),
  history: (from) => from.get('/history'),
  'own view': (from) => from.get('/view?as=seat'),
  'spectator view': (from) => from.get('/view?as=spectator'),
  orders: (from) => from.get('/orders'),
  submit: (from) => from.post('/orders', { turn: 1, orders: { bid: 1 } }),
  withdraw: (from) => from.post('/orders/withdraw', { turn: 1 }),
} satisfies Record<string, (from: Sender) => Promise<Reply>>;

type Outcomes = Record<keyof typeof playerRequests, string>;

/** `yes`, or the refusal. */
export const outcomeOf = (reply: Reply) => (reply.status === 200 ? 'yes' : refusalOf(reply));

/** What becomes of each request. */
export async function outcomesFor(from: Sender): Promise<Outcomes> {
  const entries = Object.entries(playerRequests).map(async ([name, send]) => [
    name,
    outcomeOf(await send(from)),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The same for every request. */
export const all = (what: string): Outcomes =>
  Object.fromEntries(Object.keys(playerRequests).map((name) => [name, what])) as Outcomes;

export const noSeat = '403 forbidden';

/** Of those who hold a seat. */
export const playing: Outcomes = { ...all('yes'), 'spectator view': noSeat };

/** Of those who see the game and hold no seat. @param spectators whether it shows itself to spectators. */
export const watching = (spectators: boolean): Outcomes => ({
  ...all(noSeat),
  turn: 'yes',
  history: 'yes',
  'spectator view': spectators ? 'yes' : noSeat,
});

/** Of admins, who have no routes for orders. */
export const administering: Outcomes = {
  ...watching(true),
  orders: '404 not_found',
  submit: '404 not_found',
  withdraw: '404 not_found',
};
