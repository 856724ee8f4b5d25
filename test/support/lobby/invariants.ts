// What holds of the lobby's database at any time, whatever happens at once and whatever dies; and what holds of it and
// of the streams that it writes once everything has been handled and published.
import type pg from 'pg';
import { expect } from 'vitest';
import type { LobbyConfig } from '../../../lib/lobby/config.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { readEntry } from '../../../lib/streams/entry.ts';

/** Queries that find nothing, by what they would find. */
const violations = {
  'games that are miscounted or overfull': `
    select game_id from lobby.games g where active_members <>
        (select count(*) from lobby.memberships m where m.game_id = g.game_id and m.status = 'active')
      or active_members > max_players + start_gap_players
      or (gap_opened_at is null) <> (active_members < max_players)`,
  'members without their name': `
    select m.game_id, m.user_id from lobby.memberships m join lobby.games g using (game_id)
      left join lobby.race_names n using (game_id, user_id)
    where m.status = 'active' and g.status not in ('cancelled', 'finished') and n.name is distinct from m.race_name`,
  'names of nobody who plays, in games that have not started or are off': `
    select n.game_id, n.user_id from lobby.race_names n join lobby.games g using (game_id)
    where n.kind = 'reservation' and (g.status = 'cancelled'
      or g.status in ('draft', 'enrollment_open', 'ready_to_start', 'start_failed') and not exists
        (select from lobby.memberships m where (m.game_id, m.user_id) = (n.game_id, n.user_id) and m.status = 'active'))`,
  'names that look the same and belong to several': `
    select folded from lobby.race_names group by folded having count(distinct user_id) > 1
    union all select skeleton from lobby.race_names group by skeleton having count(distinct user_id) > 1`,
  'keys without a name': `
    select k.kind, k.key from lobby.race_name_keys k where not exists (select from lobby.race_names n
      where n.user_id = k.user_id and k.key = case k.kind when 'folded' then n.folded else n.skeleton end)
      and not exists (select from lobby.withheld_race_names w
      where k.key = case k.kind when 'folded' then w.folded else w.skeleton end)`,
  'names without their keys': `
    select name from lobby.race_names n where 2 <> (select count(*) from lobby.race_name_keys k
      where k.user_id = n.user_id and (k.kind, k.key) in (('folded', n.folded), ('skeleton', n.skeleton)))`,
  'members of games that they are blocked from': `
    select game_id, user_id from lobby.memberships group by game_id, user_id
    having bool_or(status = 'blocked') and bool_or(status = 'active')`,
  'applications that are pending where nobody enrolls': `
    select application_id from lobby.applications a join lobby.games g using (game_id)
    where a.status = 'pending' and g.status <> 'enrollment_open'`,
  'invites that are pending where nobody enrolls': `
    select invite_id from lobby.invites i join lobby.games g using (game_id)
    where i.status = 'pending' and g.status <> 'enrollment_open'`,
  'invites that are pending for members': `
    select invite_id from lobby.invites i join lobby.memberships m using (game_id, user_id)
    where i.status = 'pending' and m.status = 'active'`,
  'invites that are used up and not redeemed, or the other way round': `
    select invite_id from lobby.invites where uses > max_uses or (status = 'redeemed') <> (uses = max_uses)`,
  'private games where more or fewer have joined than invites were used': `
    select game_id from lobby.games g where game_type = 'private'
      and (select coalesce(sum(uses), 0) from lobby.invites i where i.game_id = g.game_id)
        <> (select count(*) from lobby.memberships m where m.game_id = g.game_id and m.user_id <> g.owner_user_id)`,
  'games that are not where their timeline has led them': `
    select game_id from lobby.games g where g.status <> coalesce((select t.to_status from lobby.timeline t
      where t.game_id = g.game_id order by revision desc limit 1), 'draft')`,
  'transitions that do not begin where the one before ended': `
    select entry_id from (select entry_id, from_status,
        lag(to_status, 1, 'draft') over (partition by game_id order by revision) as before from lobby.timeline) t
    where from_status <> before`,
  'games that are over and wait for a time or for somebody': `
    select game_id from lobby.games where status in ('finished', 'cancelled')
      and num_nonnulls(due_at, closes_at, awaited_seats, ready_seats) > 0`,
  'intents that are told twice': `
    select payload ->> 'idempotency_key' from lobby.outbox where kind = 'notification_intent'
    group by 1 having count(*) > 1`,
  'games under way that nobody is left to play': `
    select game_id from lobby.games where status in ('running', 'paused') and active_members = 0`,
  'reports that wait for games that do not start': `
    select w.game_id from lobby.waiting_events w join lobby.games g using (game_id) where g.status <> 'starting'`,
};

/** The same for games that have come to where they are by requests and entries alone. */
const violationsOfHistories = {
  'starts without a start job, or with several': `
    select game_id from lobby.timeline where trigger in ('start', 'retry_start') group by game_id
    having count(*) <> (select count(distinct payload ->> 'job_id') from lobby.outbox o
      where o.kind = 'start_job' and o.ordering_key = game_id::text)`,
  'containers that nobody plays in and nobody is to stop': `
    select game_id from lobby.games g where status in ('finished', 'cancelled') and bound_at is not null and not exists
      (select from lobby.outbox o where o.kind = 'stop_job' and (o.payload ->> 'start_job_id')::uuid = g.runtime_job_id)`,
  'containers that somebody plays in and somebody is to stop': `
    select game_id from lobby.games g where status in ('starting', 'running', 'paused') and exists
      (select from lobby.outbox o where o.kind = 'stop_job' and (o.payload ->> 'start_job_id')::uuid = g.runtime_job_id)`,
  'seats that are not those from 1 on, each of one member': `
    select game_id from lobby.memberships m where seat is not null group by game_id
    having count(distinct seat) <> count(*) or min(seat) <> 1 or max(seat) <> count(*)`,
  'members of games that have started without a seat': `
    select m.game_id, m.user_id from lobby.memberships m join lobby.games g using (game_id)
    where m.status = 'active' and m.seat is null and g.status in ('starting', 'running', 'paused', 'finished')`,
  'moves that the Game Master does not hear of, or hears of twice': `
    select t.game_id, t.revision from lobby.timeline t join lobby.games g using (game_id)
    where (select count(*) from lobby.outbox o where o.kind = 'game_change'
        and o.payload ->> 'change_id' = t.game_id || ':' || t.revision and o.payload ->> 'status' = t.to_status)
      <> case when t.to_status in ('running', 'paused', 'finished', 'cancelled')
          and (g.bound_at is not null or t.to_status = 'cancelled' and g.runtime_job_id is not null)
          then 1 else 0 end`,
  'seats left behind that the Game Master does not hear of, or hears of twice': `
    select m.membership_id from lobby.memberships m where m.status <> 'active' and m.seat is not null
      and 1 <> (select count(*) from lobby.outbox o where o.kind = 'game_change'
        and o.payload ->> 'kind' = 'seat_vacated' and o.payload ->> 'change_id' = m.membership_id::text
        and (o.payload ->> 'seat')::int = m.seat)`,
  'moves that no user is notified of': `
    select t.game_id, t.trigger from lobby.timeline t join lobby.games g using (game_id)
    where g.owner_user_id is not null and t.trigger not in ('open_enrollment', 'start', 'retry_start')
      and not exists (select from lobby.outbox o where o.ordering_key = t.game_id::text
        and o.payload ->> 'notification_type' <> 'lobby.invite.expired'
        and o.payload ->> 'idempotency_key' like '%:' || t.game_id || ':' || t.revision)`,
  'players of finished games who do not know whether they may keep their name': `
    select m.game_id, m.user_id from lobby.memberships m join lobby.games g using (game_id)
    where g.status = 'finished' and m.status = 'active' and 1 <> (select count(*) from lobby.outbox o
      where o.payload ->> 'idempotency_key' in (
        'lobby.race_name.registration_eligible:' || m.game_id || ':' || m.user_id,
        'lobby.race_name.registration_denied:' || m.game_id || ':' || m.user_id))`,
};

/** And what holds when nothing is under way any more. */
const violationsAtRest = {
  'messages that are still to be published': `
    select position, kind from lobby.outbox where published_at is null`,
  'what users have who are gone': `
    select 'game' as what, game_id from lobby.games join lobby.user_guards u on owner_user_id = u.user_id
      where gone_at is not null and status not in ('finished', 'cancelled')
    union all select 'membership', game_id from lobby.memberships m join lobby.games g using (game_id)
      join lobby.user_guards u on u.user_id = m.user_id
      where gone_at is not null and m.status = 'active' and g.status not in ('finished', 'cancelled')
    union all select 'application', game_id from lobby.applications join lobby.user_guards using (user_id)
      where gone_at is not null and status = 'pending'
    union all select 'invite', game_id from lobby.invites join lobby.user_guards using (user_id)
      where gone_at is not null and status = 'pending'
    union all select 'name', game_id from lobby.race_names join lobby.user_guards using (user_id)
      where gone_at is not null`,
};

/** Fails and shows what does not hold. */
export function expectLobbyToHold(pool: pg.Pool, when = 'now'): Promise<void> {
  return expectNothingOf(violations, pool, when);
}

/** The same of games that nobody has moved by hand, too. */
export async function expectHistoriesToHold(pool: pg.Pool, when = 'now'): Promise<void> {
  await expectLobbyToHold(pool, when);
  await expectNothingOf(violationsOfHistories, pool, when);
}

/** And that nothing is left to do, and others have been told exactly what was decided. */
export async function expectLobbyAtRest(
  pool: pg.Pool,
  redis: Redis,
  streams: Pick<LobbyConfig['streams'], 'startJobs' | 'stopJobs' | 'gameChanges' | 'notificationIntents'>,
): Promise<void> {
  await expectHistoriesToHold(pool, 'at rest');
  await expectNothingOf(violationsAtRest, pool, 'at rest');
  await expectTold(pool, redis, 'start_job', streams.startJobs);
  await expectTold(pool, redis, 'stop_job', streams.stopJobs);
  await expectTold(pool, redis, 'game_change', streams.gameChanges);
  await expectTold(pool, redis, 'notification_intent', streams.notificationIntents);
}

async function expectNothingOf(queries: Record<string, string>, pool: pg.Pool, when: string): Promise<void> {
  for (const [what, query] of Object.entries(queries)) {
    const { rows } = await pool.query(query);
    expect(rows, `${what}, ${when}`).toEqual([]);
  }
}

/**
 * A stream has everything that the outbox has, in the order of each game, and nothing else; repeats say the same. What was
 * published between a loss of Redis and its discovery is repeated behind what was lost, so the last time counts.
 */
async function expectTold(pool: pg.Pool, redis: Redis, kind: string, stream: string): Promise<void> {
  const { rows } = await pool.query<{ game: string; key: string }>(
    `select ordering_key as game, coalesce(payload ->> 'idempotency_key', payload ->> 'change_id', payload ->> 'job_id') as key
     from lobby.outbox where kind = $1 order by position`,
    [kind],
  );
  const told = new Map<string, { game: string; fields: Readonly<Record<string, string>> }>();
  for (const entry of await redis.xrange(stream, '-', '+')) {
    const { fields } = readEntry(entry);
    // The Game Master notifies users, too.
    if (fields.producer === 'game_master') continue;
    const key = fields.idempotency_key ?? fields.change_id ?? fields.job_id ?? '';
    const game = fields.game_id ?? JSON.parse(fields.payload ?? '{}').game_id;
    expect(fields, `what is told again as ${key} in ${stream}`).toEqual(told.get(key)?.fields ?? fields);
    told.delete(key);
    told.set(key, { game, fields });
  }
  const ofGames = (all: readonly { game: string; key: string }[]) =>
    Object.fromEntries(
      [...Map.groupBy(all, ({ game }) => game)].map(([game, of]) => [game, of.map(({ key }) => key)]),
    );
  expect(ofGames([...told].map(([key, { game }]) => ({ game, key }))), stream).toEqual(ofGames(rows));
}
