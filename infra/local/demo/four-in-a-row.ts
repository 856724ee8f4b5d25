// A match of four in a row between two players of the demo.
import { check, type Player, print } from './player.ts';
import { type GameMasterProcess, type GameParts, RunningGame } from './running-game.ts';

export const fourInARowSettings = { engine_family: 'four-in-a-row', turn_seconds: 20 };

/** Marks the discs of seats 1 and 2. */
const marks = ['·', 'X', 'O'];

export class FourInARow {
  readonly #game: RunningGame;
  readonly #gameMaster: GameMasterProcess;

  private constructor(game: RunningGame, gameMaster: GameMasterProcess) {
    this.#game = game;
    this.#gameMaster = gameMaster;
  }

  static async begin(parts: GameParts, gameMaster: GameMasterProcess): Promise<FourInARow> {
    const game = await RunningGame.begin(parts);
    const { turn, due_at, your_seat } = await game.untilOpen();
    const [first] = game.players;
    first.says(`has seat ${your_seat}, and the move; turn ${turn} is due at ${due_at}`);
    return new FourInARow(game, gameMaster);
  }

  async sealedOrders(): Promise<void> {
    const [first, second] = this.#game.players;
    await this.#game.sealedOrders(first, { column: 4 });
    const { url, token } = this.#gameMaster;
    const admins = await fetch(`${url}/api/v1/internal/games/${this.#game.id}/orders`, {
      headers: { authorization: `Bearer ${token}` },
    });
    check(admins.status === 404, `there is no route for admins to orders; got ${admins.status}`);
    print(`  An admin finds no route to orders: ${admins.status}`);
    const turn = await second.does('game.turn.get', { game_id: this.#game.id });
    check(!JSON.stringify(turn).includes('column'), 'a turn shows nobody’s orders');
    check(JSON.stringify(turn.ready) === '[]', 'a draft is not ready');
    second.says(`sees only that the turn waits for seat ${turn.awaiting}`);
    first.says('changes his mind');
    await this.move(first, 1);
  }

  /** The player to move is ready, so the turn is played at once. */
  async move(player: Player, column: number): Promise<void> {
    await this.#game.order(player, { column });
    await this.#played(`${player.name} drops a disc into column ${column}`);
  }

  async wrongOrders(): Promise<void> {
    const { id, turn, players, owner } = this.#game;
    const [first, second] = players;
    const tries: [Player, string, object, string][] = [
      [second, 'a column that is not there', { turn, orders: { column: 9 } }, 'orders_invalid'],
      [first, 'a move out of turn', { turn, orders: { column: 1 } }, 'orders_invalid'],
      [first, 'orders for a turn that was played', { turn: 1, orders: { column: 1 } }, 'turn_closed'],
      [owner, 'orders without a seat', { turn, orders: { column: 1 } }, 'forbidden'],
    ];
    for (const [player, what, order, code] of tries) {
      const { resultCode, payload } = await player.client.execute('game.orders.submit', {
        game_id: id,
        ...order,
      });
      check(resultCode === code, `${what} is refused with ${code}; got ${resultCode}`);
      player.says(`tries ${what}: ${resultCode}${problemIn(payload)}`);
    }
  }

  async missedDeadline(player: Player): Promise<void> {
    const { due_at } = await player.does('game.turn.get', { game_id: this.#game.id });
    player.says(`does nothing until ${due_at}`);
    await this.#played('The deadline has passed; the engine drops a disc');
    const { close_reason, seats } = await this.#game.lastPlayed();
    const missed = seats.find(({ state }) => state === 'missing');
    check(close_reason === 'due' && missed?.seat === 2, 'the history shows who missed the deadline');
    print(`  The history says: closed because it was ${close_reason}, seat ${missed.seat} ${missed.state}.`);
  }

  async placements(winner: Player, loser: Player): Promise<void> {
    const placements = await this.#game.placements();
    check(placements[0]?.race_name === winner.raceName, `${winner.name} has won`);
    for (const { rank, race_name } of placements) print(`  Rank ${rank}: ${race_name}`);
    check((await this.#game.view(loser)) !== undefined, 'the final view stays');
    loser.says('still sees the final board, although the engine is gone');
  }

  /** Shows the board once the open turn was played, as spectators see it. */
  async #played(what: string): Promise<void> {
    const { turn, owner } = this.#game;
    await this.#game.played();
    print(`  Turn ${turn}: ${what}`);
    const view = await this.#game.view(owner, { as: 'spectator' });
    const { board, rows } = view as { board: number[][]; rows: number };
    for (let row = rows - 1; row >= 0; row--) {
      if (board.every((column) => column[row] === undefined)) continue;
      print(`         ${board.map((column) => marks[column[row] ?? 0]).join(' ')}`);
    }
  }
}

function problemIn(payload: Record<string, unknown>): string {
  const { error } = payload as {
    error?: { details?: { problems?: { path: string; message: string }[] } };
  };
  const [problem] = error?.details?.problems ?? [];
  return problem === undefined ? '' : ` (${problem.path || 'orders'}: ${problem.message})`;
}
