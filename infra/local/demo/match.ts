// A match of four in a row between two players of the demo, over signed commands.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../../../lib/client/node.ts';
import { check, type Player, print } from './player.ts';

export type GameMasterProcess = {
  /** Of its internal listener. */
  readonly url: string;
  readonly token: string;
  /** Holds the id of its process. */
  readonly pidFile: string;
};

const readyTimeoutMs = 30_000;
/** Marks the discs of seats 1 and 2. */
const marks = ['·', 'X', 'O'];

export class Match {
  readonly #game: string;
  readonly #players: readonly Player[];
  readonly #owner: Player;
  readonly #gameMaster: GameMasterProcess;
  /** The open turn. */
  #turn = 1;

  private constructor(parts: Parameters<typeof Match.begin>[0]) {
    this.#game = parts.game;
    this.#players = parts.players;
    this.#owner = parts.owner;
    this.#gameMaster = parts.gameMaster;
  }

  /** Once the engine has the game and turn 1 is open. */
  static async begin(parts: {
    game: string;
    /** In the order of their seats. */
    players: readonly Player[];
    owner: Player;
    gameMaster: GameMasterProcess;
  }): Promise<Match> {
    const match = new Match(parts);
    const open = await match.#untilOpen();
    const [first] = parts.players;
    first?.says(`has seat ${open.your_seat}, and the move; turn ${open.turn} is due at ${open.due_at}`);
    check(open.turn === 1 && open.your_seat === 1, 'the member who joined first has seat 1 and moves first');
    return match;
  }

  async sealedOrders(): Promise<void> {
    const [first, second] = this.#both();
    const draft = { turn: this.#turn, orders: { column: 4 }, ready: false };
    const stored = await first.does('game.orders.submit', { game_id: this.#game, ...draft });
    check(stored.state === 'draft', 'orders that are not ready are a draft');
    first.says(`stores a draft for turn ${stored.turn}`);
    const own = await first.does('game.orders.get', { game_id: this.#game });
    check(JSON.stringify(own.orders) === '{"column":4}', 'authors read their own orders');
    first.says(`reads it: ${JSON.stringify(own.orders)}`);
    const theirs = await second.does('game.orders.get', { game_id: this.#game });
    check(theirs.state === 'none' && theirs.orders === null, 'others read only their own orders');
    second.says(`reads her own orders, there are none: ${theirs.state}`);
    const owners = await this.#owner.client.execute('game.orders.get', { game_id: this.#game });
    check(owners.resultCode === 'forbidden', `the owner reads no orders; got ${owners.resultCode}`);
    this.#owner.says(`owns the game, and reads no orders: ${owners.resultCode}`);
    const { url, token } = this.#gameMaster;
    const admins = await fetch(`${url}/api/v1/internal/games/${this.#game}/orders`, {
      headers: { authorization: `Bearer ${token}` },
    });
    check(admins.status === 404, `there is no route for admins to orders; got ${admins.status}`);
    print(`  An admin finds no route to orders: ${admins.status}`);
    const turn = await second.does('game.turn.get', { game_id: this.#game });
    check(!JSON.stringify(turn).includes('column'), 'a turn shows nobody’s orders');
    second.says(`sees whom the turn waits for: seat ${turn.awaiting}; ready: ${turn.ready || 'nobody'}`);
    await this.move(first, 1);
  }

  /** The player to move is ready, so the turn is played at once. */
  async move(player: Player, column: number): Promise<void> {
    await this.#order(player, column);
    await this.#played(`${player.name} drops a disc into column ${column}`);
  }

  async wrongOrders(): Promise<void> {
    const [first, second] = this.#both();
    const tries: [Player, string, object, string][] = [
      [second, 'a column that is not there', { turn: this.#turn, orders: { column: 9 } }, 'orders_invalid'],
      [first, 'a move out of turn', { turn: this.#turn, orders: { column: 1 } }, 'orders_invalid'],
      [first, 'orders for a turn that was played', { turn: 1, orders: { column: 1 } }, 'turn_closed'],
      [this.#owner, 'orders without a seat', { turn: this.#turn, orders: { column: 1 } }, 'forbidden'],
    ];
    for (const [player, what, order, code] of tries) {
      const { resultCode, payload } = await player.client.execute('game.orders.submit', {
        game_id: this.#game,
        ...order,
      });
      check(resultCode === code, `${what} is refused with ${code}; got ${resultCode}`);
      player.says(`tries ${what}: ${resultCode}${problemIn(payload)}`);
    }
  }

  async missedDeadline(player: Player): Promise<void> {
    const { due_at } = await player.does('game.turn.get', { game_id: this.#game });
    player.says(`does nothing until ${due_at}`);
    await this.#played('The deadline has passed; the engine drops a disc');
    const { items } = await player.does('game.history.list', { game_id: this.#game, page_size: 1 });
    const [last] = items as { close_reason: string; seats: { seat: number; state: string }[] }[];
    const missed = last?.seats.find(({ state }) => state === 'missing');
    check(last?.close_reason === 'due' && missed?.seat === 2, 'the history shows who missed the deadline');
    print(
      `  The history says: closed because it was ${last.close_reason}, seat ${missed.seat} ${missed.state}.`,
    );
  }

  async killGameMaster(): Promise<void> {
    const pid = Number(await readFile(this.#gameMaster.pidFile, 'utf8'));
    process.kill(pid, 'SIGKILL');
    print(`  The Game Master, process ${pid}, is killed.`);
    const open = await this.#untilOpen();
    check(open.turn === this.#turn, `the same turn is open; got ${open.turn}`);
    print(`  It is back, and turn ${open.turn} is still open.`);
  }

  async winningMove(player: Player, column: number): Promise<void> {
    await this.#order(player, column);
    await player.hears(['lobby.game.finished'], ({ game_id }) => game_id === this.#game);
    await this.#print(`${player.name} drops a disc into column ${column}`);
  }

  async placements(winner: Player, loser: Player): Promise<void> {
    const finished = await loser.hears(['lobby.game.finished'], (about) => about.game_id === this.#game);
    const { result } = await loser.does('lobby.game.get', { game_id: this.#game });
    check(
      JSON.stringify(result) === JSON.stringify(finished.payload.result),
      'the event and the game carry the same result',
    );
    const { placements } = result as { placements: { rank: number; race_name: string }[] };
    const best = placements.find(({ rank }) => rank === 1);
    check(best?.race_name === winner.raceName, `${winner.name} has won`);
    for (const { rank, race_name } of placements) print(`  Rank ${rank}: ${race_name}`);
    const view = await loser.does('game.view.get', { game_id: this.#game });
    check(view.view !== undefined, 'the final view stays');
    loser.says('still sees the final board, although the engine is gone');
  }

  /** An engine that is slow on a busy machine makes no difference: nothing was stored, or a worker plays the turn. */
  async #order(player: Player, column: number): Promise<void> {
    const order = { game_id: this.#game, turn: this.#turn, orders: { column }, ready: true };
    for (let attempt = 1; ; attempt++) {
      const { resultCode, payload } = await player.client.execute('game.orders.submit', order);
      if (resultCode === 'ok') return;
      check(
        resultCode === 'engine_unavailable' && attempt < 10,
        `the move of ${player.name} is taken; got ${resultCode}: ${JSON.stringify(payload)}`,
      );
    }
  }

  #both(): [Player, Player] {
    const [first, second] = this.#players;
    if (first === undefined || second === undefined) throw new TypeError('the match has two players');
    return [first, second];
  }

  /** Waits until both have heard that the open turn was played, and shows the board. */
  async #played(what: string): Promise<void> {
    for (const player of this.#players) {
      await player.hears(
        ['lobby.game.turn_advanced'],
        ({ game_id, turn }) => game_id === this.#game && turn === this.#turn,
      );
    }
    await this.#print(what);
    this.#turn += 1;
  }

  /** As spectators see it. */
  async #print(what: string): Promise<void> {
    print(`  Turn ${this.#turn}: ${what}`);
    const { view } = await this.#owner.does('game.view.get', { game_id: this.#game, as: 'spectator' });
    const { board, rows } = view as { board: number[][]; rows: number };
    for (let row = rows - 1; row >= 0; row--) {
      if (board.every((column) => column[row] === undefined)) continue;
      print(`         ${board.map((column) => marks[column[row] ?? 0]).join(' ')}`);
    }
  }

  /** The open turn, as the first player sees it. @throws Error when none opens in time. */
  async #untilOpen(): Promise<Record<string, unknown>> {
    const [first] = this.#both();
    for (const deadline = Date.now() + readyTimeoutMs; Date.now() < deadline; await delay(100)) {
      try {
        const { resultCode, payload } = await first.client.execute('game.turn.get', { game_id: this.#game });
        if (resultCode === 'ok' && payload.status === 'open') return payload;
      } catch (error) {
        // The Game Master is not back yet.
        if (!(error instanceof GatewayError) || error.reason !== 'UPSTREAM_UNAVAILABLE') throw error;
      }
    }
    throw new Error(`no turn of the game was open within ${readyTimeoutMs / 1_000} s`);
  }
}

function problemIn(payload: Record<string, unknown>): string {
  const { error } = payload as {
    error?: { details?: { problems?: { path: string; message: string }[] } };
  };
  const [problem] = error?.details?.problems ?? [];
  return problem === undefined ? '' : ` (${problem.path || 'orders'}: ${problem.message})`;
}
