// Benchmark rows and their results.
import type { LocalPostgres } from '../../infra/local/postgres.ts';
import type { LocalRedis } from '../../infra/local/redis.ts';

/** One line of the report; fields that do not apply to a row are absent. */
export type Entry = {
  name: string;
  ops_per_s?: number;
  floor_ops_per_s?: number;
  /** ops_per_s divided by floor_ops_per_s; for rss_kib, rss_kib divided by that of the floor. */
  ratio?: number;
  p50_ms?: number;
  p99_ms?: number;
  /** CPU time of the measured process per operation, all its threads. */
  cpu_us_per_op?: number;
  rss_kib?: number;
  /** How many operations were measured. */
  n: number;
  /** What a reader must know to judge the figures. */
  note: string;
};

/** How much a run does. */
export type Scale = {
  rounds: number;
  /** Rounds that are not counted: a long code path is compiled only after thousands of operations. */
  warmUps: number;
  /** Length of one round of a row that counts what is done in a time. */
  roundMs: number;
  /** Length of the one round of a row that only watches. */
  watchMs: number;
  /** Events to every user in one round of a fan-out, beyond its warm-up. */
  deliveriesPerRound: number;
  /** Streams of gateway.idle_stream. */
  idleStreams: number;
  /** Device sessions: in the upstream's memory for gateway.command, in the database for backend.session. */
  sessions: number;
  /** Games in the database of lobby.list, lobby.get and lobby.approve. */
  games: number;
  /** Rows of the smaller database that lobby.tick and lobby.race_name compare with. */
  fewest: number;
  /** Ticks in one round of lobby.tick. */
  ticksPerRound: number;
  /** Reports that wait while lobby.consumer.gm_events is measured; they have to be applied before its floor is. */
  reportsAhead: number;
  /** How often one round of game.due looks for games that are due. */
  looksPerRound: number;
  /** Games that are due at one time in game.turns. */
  turns: number;
  /** Matches that game.move measures. */
  matches: number;
  /** Loads of the page in one round of web.usable. */
  pageLoads: number;
};

export type Bench = {
  scale: Scale;
  /** Undefined where processes cannot be pinned. */
  cores: { measured: number; load: number } | undefined;
  redis: Pick<LocalRedis, 'addr' | 'password' | 'pid'>;
  /** Without `pid` where others use the server, too. */
  postgres: Pick<LocalPostgres, 'dsn' | 'createDatabase'> & { readonly pid?: number };
  /** Further arguments of Node for the measured process, such as --cpu-prof. */
  nodeArgs?: string[];
  /** For keys and logs; goes away with the run. */
  folder: string;
};

export type Row = {
  name: string;
  /** Starts its processes on `running`, which is always disposed after the row. */
  run(bench: Bench, running: AsyncDisposableStack): Promise<Omit<Entry, 'name'>>;
};
