// What the Game Master knows of a game, as closed lists.

/** What the lobby says of a game that has a runtime. */
export const gameStatuses = ['running', 'paused', 'finished', 'cancelled'] as const;
export type GameStatus = (typeof gameStatuses)[number];

/**
 * Where a game stands. `setting_up`: the engine does not have it yet. `open`: its next turn takes orders. `closed`: that
 * turn is to be played, and takes none. `over`: there is no next turn; the engine has finished, or the lobby has ended
 * the game.
 */
export const phases = ['setting_up', 'open', 'closed', 'over'] as const;
export type Phase = (typeof phases)[number];

/** Whether a turn closes before it is due, when all awaited seats are ready. */
export const earlyModes = ['all_ready', 'off'] as const;
export type EarlyMode = (typeof earlyModes)[number];

/** Why a turn closed. */
export const closeReasons = ['all_ready', 'due'] as const;
export type CloseReason = (typeof closeReasons)[number];

/**
 * How an engine fares. `unreachable`: no whole response in time. `faulty`: a response that makes no sense. `state_lost`:
 * it is at an earlier turn than was played. `unsupported`: it speaks another version of the interface.
 */
export const engineHealths = ['ok', 'unreachable', 'faulty', 'state_lost', 'unsupported'] as const;
export type EngineHealth = (typeof engineHealths)[number];
