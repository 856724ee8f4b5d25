// The statuses of a game and what changes them, as events name them.

export const gameStatuses = [
  'draft',
  'enrollment_open',
  'ready_to_start',
  'starting',
  'start_failed',
  'running',
  'paused',
  'finished',
  'cancelled',
] as const;
export type GameStatus = (typeof gameStatuses)[number];

/** What may move a game from one status to another, or be corrected in it; the lobby's state machine says when. */
export const triggers = [
  'open_enrollment',
  'close_enrollment',
  'deadline',
  'gap',
  'reopen_enrollment',
  'start',
  'retry_start',
  'runtime_ready',
  'runtime_unregistered',
  'runtime_failed',
  'too_few_members',
  'start_timeout',
  'pause',
  'resume',
  'correct',
  'replace_engine',
  'game_finished',
  'abandoned',
  'idle_timeout',
  'cancel',
  'external_block',
] as const;
export type Trigger = (typeof triggers)[number];
