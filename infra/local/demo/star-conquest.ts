// A game of star conquest between two players of the demo and a bot, from its first turn to its placements.
import { readFile } from 'node:fs/promises';
import { check, type Player, print } from './player.ts';
import { type GameMasterProcess, type GameParts, RunningGame } from './running-game.ts';

/** What the demo reads of a view; docs/star-conquest.md has all of it. */
type View = {
  turn: number;
  seat: number | null;
  seats: { seat: number; label: string }[];
  planets: Planet[];
  fleets: { owner: number; ships: number; to?: number }[];
  outcome: { reason: string; ranking: Ranked[] } | null;
};
type Planet = {
  id: number;
  x: number;
  y: number;
  capacity: number;
  owner: number | null;
  population: number;
  ships: number;
};
type Ranked = { seat: number; rank: number; population: number; ships: number; planets: number };
type Orders = {
  send: { from: number; to: number; ships: number }[];
  focus?: { planet: number; focus: 'ships' | 'growth' }[];
};

/** A small galaxy and few turns, each of an hour at most. */
export const starConquestSettings = {
  engine_family: 'star-conquest',
  options: { bots: 1, neutral_planets: 3, turns: 15 },
  turn_seconds: 3_600,
};

const fieldSize = 1_000;
const map = { columns: 30, rows: 15 };
const marks = { bot: '*', nobody: 'o' };

export class StarConquest {
  readonly #game: RunningGame;

  private constructor(game: RunningGame) {
    this.#game = game;
  }

  static async begin(parts: GameParts): Promise<StarConquest> {
    return new StarConquest(await RunningGame.begin(parts));
  }

  async fogOfWar(): Promise<void> {
    const views = await this.#views();
    for (const { planets, seat } of views) {
      const others = planets.filter(({ owner }) => owner !== null && owner !== seat);
      check(others.length === 0, 'at the beginning nobody sees the home of another');
    }
    const spectators = await this.#spectators();
    check(
      spectators.planets.length === 0 && spectators.fleets.length === 0,
      'spectators see no planet and no fleet',
    );
    this.#printMaps(views);
    this.#game.owner.says('watches as a spectator, and sees no planet and no fleet: she could tell a player');
  }

  async sealedOrders(): Promise<void> {
    const [author] = this.#game.players;
    const [own, theirs] = await this.#views();
    const shown = JSON.stringify([theirs, await this.#spectators()]);
    await this.#game.sealedOrders(author, boldOrders(own));
    const since = JSON.stringify([(await this.#views())[1], await this.#spectators()]);
    check(since === shown, 'the views of the others tell nothing of the orders');
    print('  The views of the others are the same as before.');
  }

  async earlyTurn(): Promise<void> {
    const [first, second] = this.#game.players;
    const views = await this.#views();
    await this.#game.order(first, boldOrders(views[0]));
    const { turn, awaiting, ready } = await this.#game.untilOpen();
    check(turn === 1, 'a turn waits until all are ready');
    first.says(
      `is ready; the turn waits for the seats ${awaiting.join(' and ')}, of which ${ready} is ready`,
    );
    await this.#game.order(second, carefulOrders(views[1]));
    await this.#game.played();
    second.says('is ready, too, and the turn is played; the engine gives the orders of the bot');
    const { close_reason, due_at, played_at } = await this.#game.lastPlayed();
    check(close_reason === 'all_ready' && played_at < due_at, 'the turn was played before it was due');
    print(`  It was due at ${due_at}, and was played at ${played_at}: ${close_reason}.`);
  }

  /** However long it is away, no turn of this game is due meanwhile. */
  async killGameMaster({ pidFile }: GameMasterProcess): Promise<void> {
    const pid = Number(await readFile(pidFile, 'utf8'));
    process.kill(pid, 'SIGKILL');
    print(`  The process of the Game Master, ${pid}, is killed.`);
    const { turn } = await this.#game.untilOpen();
    check(turn === this.#game.turn, `the same turn is open; got ${turn}`);
    print(`  It is back, and turn ${turn} is still open.`);
  }

  /** The first player is bold, the second careful, until the game is over. */
  async playToTheEnd(): Promise<void> {
    const { players } = this.#game;
    print(`         ${players.map(({ name }) => name.padEnd(25)).join('')}`.trimEnd());
    print(`  turn   ${players.map(() => 'planets  ships  people   ').join('')}`.trimEnd());
    let views = await this.#views();
    printRow(views, '');
    while (views[0].outcome === null) {
      await this.#game.order(players[0], boldOrders(views[0]));
      await this.#game.order(players[1], carefulOrders(views[1]));
      await this.#game.played();
      const next = await this.#views();
      printRow(next, this.#conquests(views, next));
      views = next;
    }
    this.#printMaps(views);
  }

  async placements(): Promise<void> {
    const placements = await this.#game.placements();
    const [{ outcome, seats }] = await this.#views();
    check(outcome !== null, 'the last view has the outcome');
    print(`  The game is over: ${outcome.reason}. Who has the most people has won.`);
    for (const { rank, seat, race_name } of placements) {
      const ranked = outcome.ranking.find((one) => one.seat === seat);
      check(ranked?.rank === rank, 'the engine and the lobby agree on the ranks');
      const name = race_name ?? seats.find((one) => one.seat === seat)?.label ?? '';
      const { population, ships, planets } = ranked;
      print(`  Rank ${rank}: ${name.padEnd(12)} ${population} people, ${ships} ships, ${planets} planets`);
    }
  }

  /** Of both players, after the last turn that was played. */
  async #views(): Promise<[View, View]> {
    const [first, second] = this.#game.players;
    return [(await this.#game.view(first)) as View, (await this.#game.view(second)) as View];
  }

  async #spectators(): Promise<View> {
    return (await this.#game.view(this.#game.owner, { as: 'spectator' })) as View;
  }

  /** Side by side, as each of the two sees the galaxy. */
  #printMaps(views: readonly [View, View]): void {
    const { players } = this.#game;
    const width = map.columns + 6;
    const line = (cells: readonly string[]) =>
      print(`  ${cells.map((cell) => cell.padEnd(width)).join('')}`.trimEnd());
    line(players.map(({ name }) => `What ${name} sees`));
    const maps = views.map((view) => linesOf(view, (owner) => this.#mark(owner)));
    const used = Array.from({ length: map.rows }, (_, row) =>
      maps.some((lines) => lines[row]?.trim() !== ''),
    );
    for (let row = used.indexOf(true); row <= used.lastIndexOf(true); row++) {
      line(maps.map((lines) => `| ${lines[row]} |`));
    }
    const owners = players.map(({ name }, index) => `${this.#mark(index + 1)} ${name}`);
    print(`  Planets of: ${owners.join(', ')}, ${marks.bot} the bot, ${marks.nobody} nobody`);
  }

  #mark(owner: number | null): string {
    if (owner === null) return marks.nobody;
    return this.#playerOf(owner)?.name.charAt(0) ?? marks.bot;
  }

  /** Who has conquered what in the last turn, as far as the two know. */
  #conquests(before: readonly View[], after: readonly View[]): string {
    const news = after.flatMap(({ planets, seat }, index) =>
      planets.flatMap(({ id, owner }) => {
        const past = before[index]?.planets.find((planet) => planet.id === id)?.owner;
        const concerned = past !== owner && (past === seat || owner === seat);
        return concerned && owner !== null
          ? [`${this.#playerOf(owner)?.name ?? 'the bot'} takes planet ${id}`]
          : [];
      }),
    );
    return [...new Set(news)].join(', ');
  }

  /** undefined for the bot. */
  #playerOf(seat: number): Player | undefined {
    return this.#game.players[seat - 1];
  }
}

/** From each own planet to the nearest other one that its ships can take, and that none are on their way to. */
function boldOrders({ seat, planets, fleets }: View, garrison = 0): Orders {
  const send: Orders['send'] = [];
  for (const base of planets.filter(({ owner }) => owner === seat)) {
    const targets = planets
      .filter(({ id, owner }) => owner !== seat && ![...fleets, ...send].some(({ to }) => to === id))
      .toSorted((a, b) => distance(base, a) - distance(base, b));
    const target = targets.find((planet) => forceAgainst(planet) <= base.ships - garrison);
    if (target !== undefined) send.push({ from: base.id, to: target.id, ships: forceAgainst(target) });
  }
  return { send };
}

/** The same, but some ships stay at home, and planets grow until they are three quarters full. */
function carefulOrders(view: View): Orders {
  const own = view.planets.filter(({ owner }) => owner === view.seat);
  const focus = own.map(({ id, population, capacity }) => {
    const grows = 4 * population < 3 * capacity;
    return { planet: id, focus: grows ? ('growth' as const) : ('ships' as const) };
  });
  return { ...boldOrders(view, 5), focus };
}

/** Defenders count six fifths; those of an owner are more until the ships arrive. */
function forceAgainst({ owner, ships }: Planet): number {
  return Math.floor((6 * ships) / 5) + (owner === null ? 1 : 12);
}

function distance(a: Planet, b: Planet): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function printRow(views: readonly View[], news: string): void {
  const cells = views.map(({ seat, planets, fleets }) => {
    const own = planets.filter(({ owner }) => owner === seat);
    const ships = sum([...own, ...fleets.filter(({ owner }) => owner === seat)].map((one) => one.ships));
    const people = sum(own.map(({ population }) => population));
    return `${String(own.length).padStart(7)}${String(ships).padStart(7)}${String(people).padStart(8)}   `;
  });
  print(`  ${String(views[0]?.turn).padStart(4)}   ${cells.join('')}${news}`.trimEnd());
}

function linesOf({ planets }: View, mark: (owner: number | null) => string): string[] {
  const lines = Array.from({ length: map.rows }, () => Array.from({ length: map.columns }, () => ' '));
  for (const { x, y, owner } of planets) {
    const line = lines[Math.floor((y * map.rows) / (fieldSize + 1))];
    if (line !== undefined) line[Math.floor((x * map.columns) / (fieldSize + 1))] = mark(owner);
  }
  return lines.map((line) => line.join(''));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
