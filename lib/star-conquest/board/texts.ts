import { textsFor } from '../../board-kit/language.ts';
import type { EndReason } from '../domain/galaxy.ts';

export type Texts = {
  readonly title: string;
  readonly turn: (turn: number, turns: number) => string;
  readonly map: string;
  readonly planet: (id: number) => string;
  readonly fleet: (whose: string, ships: number, to: number | undefined) => string;
  readonly neutral: string;
  readonly yours: string;
  readonly you: string;
  readonly out: string;
  readonly population: string;
  readonly ships: string;
  readonly planets: string;
  readonly rank: string;
  readonly player: string;
  readonly focus: string;
  readonly buildsShips: string;
  readonly grows: string;
  readonly seenIn: (turn: number) => string;
  readonly chooseOwn: string;
  readonly chooseTarget: string;
  readonly way: (turns: number, arrives: number) => string;
  readonly takes: (ships: number) => string;
  readonly send: string;
  readonly change: string;
  readonly noShips: string;
  readonly close: string;
  readonly orders: string;
  readonly noOrders: string;
  readonly order: (ships: number, from: number, to: number, arrives: number) => string;
  readonly focusOrder: (planet: number, focus: string) => string;
  readonly takeBack: string;
  readonly done: string;
  readonly stored: string;
  readonly ready: string;
  readonly notOpen: string;
  readonly watching: string;
  readonly over: Readonly<Record<EndReason, string>>;
};

const en: Texts = {
  title: 'Star conquest',
  turn: (turn, turns) => `Turn ${turn} of ${turns}`,
  map: 'Map. The arrow keys go from planet to planet.',
  planet: (id) => `Planet #${id}`,
  fleet: (whose, ships, to) =>
    `Fleet, ${whose}, ships ${ships}${to === undefined ? '' : `, to planet #${to}`}`,
  neutral: 'neutral',
  yours: 'yours',
  you: 'you',
  out: 'out of the game',
  population: 'Population',
  ships: 'Ships',
  planets: 'Planets',
  rank: 'Rank',
  player: 'Player',
  focus: 'Focus',
  buildsShips: 'Build ships',
  grows: 'Grow twice as fast',
  seenIn: (turn) => `as seen after turn ${turn}`,
  chooseOwn: 'Choose one of your planets to send ships or to change its focus.',
  chooseTarget: 'Choose another planet to send ships to.',
  way: (turns, arrives) => `Turns on the way: ${turns}. There in turn ${arrives}.`,
  takes: (ships) => `Ships that take the planet as you know it: ${ships}.`,
  send: 'Send',
  change: 'Change',
  noShips: 'There are no ships to send.',
  close: 'Close',
  orders: 'Your orders',
  noOrders: 'None yet. Without orders your ships stay where they are.',
  order: (ships, from, to, arrives) => `#${from} → #${to}: ${ships} ships, there in turn ${arrives}`,
  focusOrder: (planet, focus) => `Planet #${planet}: ${focus}`,
  takeBack: 'Take back',
  done: 'I am ready',
  stored: 'Your orders are stored. Say when you are ready.',
  ready: 'You are ready. Until the turn is played you can still change your orders.',
  notOpen: 'No orders can be given now.',
  watching: 'You are watching. While the game runs nobody shows you the map.',
  over: {
    last_seat: 'The game is over: one player is left.',
    domination: 'The game is over: one player held three fifths of all population.',
    turn_limit: 'The game is over: the last turn was played.',
  },
};

const de: Texts = {
  title: 'Sterneneroberung',
  turn: (turn, turns) => `Zug ${turn} von ${turns}`,
  map: 'Karte. Die Pfeiltasten gehen von Planet zu Planet.',
  planet: (id) => `Planet #${id}`,
  fleet: (whose, ships, to) =>
    `Flotte, ${whose}, Schiffe ${ships}${to === undefined ? '' : `, nach Planet #${to}`}`,
  neutral: 'neutral',
  yours: 'gehört dir',
  you: 'du',
  out: 'ausgeschieden',
  population: 'Bevölkerung',
  ships: 'Schiffe',
  planets: 'Planeten',
  rank: 'Rang',
  player: 'Spieler',
  focus: 'Schwerpunkt',
  buildsShips: 'Schiffe bauen',
  grows: 'Doppelt so schnell wachsen',
  seenIn: (turn) => `wie nach Zug ${turn} gesehen`,
  chooseOwn: 'Wähle einen deiner Planeten, um Schiffe zu schicken oder den Schwerpunkt zu ändern.',
  chooseTarget: 'Wähle einen anderen Planeten als Ziel für Schiffe.',
  way: (turns, arrives) => `Züge unterwegs: ${turns}. Ankunft in Zug ${arrives}.`,
  takes: (ships) => `Schiffe, die den Planeten erobern, wie du ihn kennst: ${ships}.`,
  send: 'Schicken',
  change: 'Ändern',
  noShips: 'Es sind keine Schiffe da, die du schicken könntest.',
  close: 'Schließen',
  orders: 'Deine Befehle',
  noOrders: 'Noch keine. Ohne Befehle bleiben deine Schiffe, wo sie sind.',
  order: (ships, from, to, arrives) => `#${from} → #${to}: ${ships} Schiffe, Ankunft in Zug ${arrives}`,
  focusOrder: (planet, focus) => `Planet #${planet}: ${focus}`,
  takeBack: 'Zurücknehmen',
  done: 'Ich bin fertig',
  stored: 'Deine Befehle sind gespeichert. Sag Bescheid, wenn du fertig bist.',
  ready: 'Du bist fertig. Bis der Zug gespielt wird, kannst du deine Befehle noch ändern.',
  notOpen: 'Im Moment werden keine Befehle angenommen.',
  watching: 'Du schaust zu. Solange das Spiel läuft, siehst du die Karte nicht.',
  over: {
    last_seat: 'Das Spiel ist aus: Ein Spieler ist übrig.',
    domination: 'Das Spiel ist aus: Ein Spieler hatte drei Fünftel der gesamten Bevölkerung.',
    turn_limit: 'Das Spiel ist aus: Der letzte Zug wurde gespielt.',
  },
};

const ru: Texts = {
  title: 'Покорение звёзд',
  turn: (turn, turns) => `Ход ${turn} из ${turns}`,
  map: 'Карта. Стрелки переходят от планеты к планете.',
  planet: (id) => `Планета #${id}`,
  fleet: (whose, ships, to) =>
    `Флот, ${whose}, корабли ${ships}${to === undefined ? '' : `, к планете #${to}`}`,
  neutral: 'ничья',
  yours: 'ваша',
  you: 'вы',
  out: 'вне игры',
  population: 'Население',
  ships: 'Корабли',
  planets: 'Планеты',
  rank: 'Место',
  player: 'Игрок',
  focus: 'Специализация',
  buildsShips: 'Строить корабли',
  grows: 'Расти вдвое быстрее',
  seenIn: (turn) => `сведения после хода ${turn}`,
  chooseOwn: 'Выберите свою планету, чтобы отправить корабли или сменить специализацию.',
  chooseTarget: 'Выберите другую планету, чтобы отправить туда корабли.',
  way: (turns, arrives) => `Ходов в пути: ${turns}. Прибытие на ходу ${arrives}.`,
  takes: (ships) => `Чтобы захватить планету по последним сведениям, нужно кораблей: ${ships}.`,
  send: 'Отправить',
  change: 'Изменить',
  noShips: 'Отправлять нечего: кораблей нет.',
  close: 'Закрыть',
  orders: 'Ваши приказы',
  noOrders: 'Пока нет. Без приказов корабли останутся на месте.',
  order: (ships, from, to, arrives) => `#${from} → #${to}: кораблей ${ships}, прибытие на ходу ${arrives}`,
  focusOrder: (planet, focus) => `Планета #${planet}: ${focus}`,
  takeBack: 'Отменить',
  done: 'Готово',
  stored: 'Приказы сохранены. Сообщите, когда будете готовы.',
  ready: 'Вы готовы. Пока ход не сыгран, приказы ещё можно изменить.',
  notOpen: 'Сейчас приказы не принимаются.',
  watching: 'Вы наблюдаете. Пока игра идёт, карта скрыта.',
  over: {
    last_seat: 'Игра окончена: остался один игрок.',
    domination: 'Игра окончена: один игрок удержал три пятых всего населения.',
    turn_limit: 'Игра окончена: сыгран последний ход.',
  },
};

export const texts = (locale: string): Texts => textsFor({ en, de, ru }, locale);
