// The states of a game, as one table. Only `transition` decides changes of a game's status.
//
// A game is made as a draft. Its owner or an admin opens enrollment; enrollment closes by hand, at the deadline, or
// when the gap window is exhausted. A game that is ready is started: a start job goes out, and its result makes the
// game run, pauses it at once (the container lives but the Game Master could not register it), or fails the start,
// which can be tried again; so does a result that does not come in time, and one that finds too few members left. Until
// a game runs its enrollment can be opened again, and is by itself when too few members are left. A running game can be
// paused and resumed; one that the Game Master could not register is resumed by a worker once it can. The Game Master
// finishes it. An admin can correct a game that waits for its start or is paused, and then its status stays; a paused one
// that gets another engine has to be started again. Owner and admin can cancel a game that is not starting or running, an
// admin also a running one. When its owner is blocked or gone, a game is cancelled in any status; when its last member
// goes, once it runs; and when nothing happens to it for too long, before it starts. Finished and cancelled are final.
//
// Guarantees: a trigger moves a game only from a status and for an actor that the table names; otherwise the result is
// a refusal that says what is allowed. The effects of a transition are returned as data; the caller applies them in the
// transaction that changes the status. Conditions on time and number of players are in enrollment.ts.
import { type Game, type GameStatus, gameStatuses, type TransitionActor, type Trigger } from './game.ts';

/** What happens together with a transition. */
export type Effect =
  /** Pending applications become `cancelled`, invites `expired`: enrollment is over. */
  | 'close_pending'
  /** Pending applications and invites become `cancelled`: the game is off. */
  | 'cancel_pending'
  | 'start_job'
  | 'stop_job'
  /** Every race name that the game holds is free again. */
  | 'release_names'
  /** Decides per member whether the race name may be registered. */
  | 'evaluate_capabilities'
  /** What the Game Master reported of a runtime that does not count is deleted. */
  | 'forget_reports'
  /** Members have no seats until the next start. */
  | 'void_seats';

type Row = {
  readonly trigger: Trigger;
  readonly from: readonly GameStatus[];
  readonly to: GameStatus;
  readonly by: readonly TransitionActor[];
  readonly effects: readonly (Effect | 'stop_job_if_any')[];
};

const people = ['owner', 'admin'] as const;
const notOver = gameStatuses.filter((status) => !isOver(status));

const table: readonly Row[] = [
  { trigger: 'open_enrollment', from: ['draft'], to: 'enrollment_open', by: people, effects: [] },
  {
    trigger: 'close_enrollment',
    from: ['enrollment_open'],
    to: 'ready_to_start',
    by: people,
    effects: ['close_pending'],
  },
  {
    trigger: 'deadline',
    from: ['enrollment_open'],
    to: 'ready_to_start',
    by: ['worker'],
    effects: ['close_pending'],
  },
  {
    trigger: 'gap',
    from: ['enrollment_open'],
    to: 'ready_to_start',
    by: ['worker', 'approval'],
    effects: ['close_pending'],
  },
  {
    trigger: 'reopen_enrollment',
    from: ['ready_to_start', 'start_failed'],
    to: 'enrollment_open',
    by: [...people, 'departure'],
    effects: [],
  },
  { trigger: 'start', from: ['ready_to_start'], to: 'starting', by: people, effects: ['start_job'] },
  { trigger: 'retry_start', from: ['start_failed'], to: 'starting', by: people, effects: ['start_job'] },
  { trigger: 'runtime_ready', from: ['starting'], to: 'running', by: ['job_result'], effects: [] },
  { trigger: 'runtime_unregistered', from: ['starting'], to: 'paused', by: ['job_result'], effects: [] },
  {
    trigger: 'runtime_failed',
    from: ['starting'],
    to: 'start_failed',
    by: ['job_result'],
    effects: ['forget_reports', 'void_seats'],
  },
  {
    trigger: 'too_few_members',
    from: ['starting'],
    to: 'start_failed',
    by: ['job_result'],
    effects: ['stop_job', 'forget_reports', 'void_seats'],
  },
  {
    trigger: 'start_timeout',
    from: ['starting'],
    to: 'start_failed',
    by: ['worker'],
    effects: ['forget_reports', 'void_seats'],
  },
  { trigger: 'pause', from: ['running'], to: 'paused', by: people, effects: [] },
  { trigger: 'resume', from: ['paused'], to: 'running', by: [...people, 'worker'], effects: [] },
  { trigger: 'correct', from: ['ready_to_start'], to: 'ready_to_start', by: ['admin'], effects: [] },
  { trigger: 'correct', from: ['start_failed'], to: 'start_failed', by: ['admin'], effects: [] },
  { trigger: 'correct', from: ['paused'], to: 'paused', by: ['admin'], effects: [] },
  {
    trigger: 'replace_engine',
    from: ['paused'],
    to: 'start_failed',
    by: ['admin'],
    effects: ['stop_job', 'forget_reports', 'void_seats'],
  },
  {
    trigger: 'game_finished',
    from: ['running', 'paused'],
    to: 'finished',
    by: ['gm_event'],
    effects: ['evaluate_capabilities', 'stop_job'],
  },
  {
    trigger: 'abandoned',
    from: ['running', 'paused'],
    to: 'cancelled',
    by: ['departure'],
    effects: ['cancel_pending', 'stop_job_if_any', 'release_names'],
  },
  {
    trigger: 'idle_timeout',
    from: ['draft', 'enrollment_open', 'ready_to_start', 'start_failed'],
    to: 'cancelled',
    by: ['worker'],
    effects: ['cancel_pending', 'stop_job_if_any', 'release_names'],
  },
  {
    trigger: 'cancel',
    from: ['draft', 'enrollment_open', 'ready_to_start', 'start_failed', 'paused'],
    to: 'cancelled',
    by: people,
    effects: ['cancel_pending', 'stop_job_if_any', 'release_names'],
  },
  {
    trigger: 'cancel',
    from: ['running'],
    to: 'cancelled',
    by: ['admin'],
    effects: ['cancel_pending', 'stop_job_if_any', 'release_names'],
  },
  {
    trigger: 'external_block',
    from: notOver,
    to: 'cancelled',
    by: ['lifecycle_event'],
    effects: ['cancel_pending', 'stop_job_if_any', 'release_names', 'forget_reports'],
  },
];

export type TransitionRefusal = {
  readonly ok: false;
  /** `forbidden`: another actor may do this, in this status or another one. */
  readonly code: 'invalid_state' | 'forbidden';
  readonly message: string;
  readonly details: { readonly status: GameStatus; readonly allowed: readonly Trigger[] };
};

export type Transition =
  | { readonly ok: true; readonly to: GameStatus; readonly effects: readonly Effect[] }
  | TransitionRefusal;

/** The next status and the effects when `by` applies `trigger` to a game, or the refusal. */
export function transition(
  game: Pick<Game, 'status' | 'boundAt'>,
  trigger: Trigger,
  by: TransitionActor,
): Transition {
  const row = rowFor(game.status, trigger, by);
  return row ? { ok: true, to: row.to, effects: effectsOf(row, game) } : refuse(game.status, trigger, by);
}

/** The triggers that `by` may apply while a game is in `status`. */
export function allowedTriggers(status: GameStatus, by: TransitionActor): Trigger[] {
  return table.filter((row) => row.from.includes(status) && row.by.includes(by)).map((row) => row.trigger);
}

/** Whether a game in this status can never change again. */
function isOver(status: GameStatus): boolean {
  return status === 'finished' || status === 'cancelled';
}

function rowFor(status: GameStatus, trigger: Trigger, by: TransitionActor): Row | undefined {
  return table.find((row) => row.trigger === trigger && row.from.includes(status) && row.by.includes(by));
}

function effectsOf(row: Row, game: Pick<Game, 'status' | 'boundAt'>): Effect[] {
  const mayHaveContainer = game.status === 'starting' || game.boundAt !== null;
  return row.effects.flatMap((effect) => {
    if (effect !== 'stop_job_if_any') return [effect];
    return mayHaveContainer ? ['stop_job'] : [];
  });
}

function refuse(status: GameStatus, trigger: Trigger, by: TransitionActor): TransitionRefusal {
  const rows = table.filter((row) => row.trigger === trigger);
  const othersMayHere = rows.some((row) => row.from.includes(status));
  const mayElsewhere = rows.some((row) => row.by.includes(by));
  const allowed = allowedTriggers(status, by);
  const instead = allowed.length > 0 ? `Possible now: ${allowed.join(', ')}.` : 'Nothing is possible now.';
  if (othersMayHere || !mayElsewhere) {
    const who = [...new Set(rows.flatMap((row) => row.by))].join(', ');
    const where = mayElsewhere ? ` while a game is ${status}` : `: it takes one of ${who}`;
    const message = `${trigger} is not for the ${by}${where}. ${instead}`;
    return { ok: false, code: 'forbidden', message, details: { status, allowed } };
  }
  const fitting = rows.filter((row) => row.by.includes(by)).flatMap((row) => row.from);
  const message = `The game is ${status}; ${trigger} needs it to be ${fitting.join(' or ')}. ${instead}`;
  return { ok: false, code: 'invalid_state', message, details: { status, allowed } };
}
