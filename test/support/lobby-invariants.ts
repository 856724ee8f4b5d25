// What holds of the lobby's database at any time, whoever does what at once.
import type pg from 'pg';
import { expect } from 'vitest';

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
      where n.user_id = k.user_id and k.key = case k.kind when 'folded' then n.folded else n.skeleton end)`,
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
  'intents that are told twice': `
    select payload ->> 'idempotency_key' from lobby.outbox where kind = 'notification_intent'
    group by 1 having count(*) > 1`,
};

/** Fails and shows what does not hold. */
export async function expectLobbyToHold(pool: pg.Pool, when = 'now'): Promise<void> {
  for (const [what, query] of Object.entries(violations)) {
    const { rows } = await pool.query(query);
    expect(rows, `${what}, ${when}`).toEqual([]);
  }
}
