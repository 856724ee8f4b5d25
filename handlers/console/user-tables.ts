// The lists on the page of a user.
import { html } from 'hono/html';
import type { HeldName } from '../../lib/console/peers/race-names.ts';
import type { DeviceSession, Entitlements, GameOfUser, Mail } from '../../lib/console/peers/users.ts';
import type { Html } from './layout.ts';
import { inPlainWords, statusTag, time } from './parts.ts';

export const entitlementNames = {
  can_create_public_game: 'May create public games',
  can_create_private_game: 'May create private games',
  can_join_game: 'May join games',
  max_owned_games: 'Unfinished games of their own, at most',
  max_active_memberships: 'Games they play in, at most',
  max_registered_race_names: 'Registered race names, at most',
} as const;
export type EntitlementName = keyof typeof entitlementNames;

export function sessionsTable(userId: string, sessions: readonly DeviceSession[], mayChange: boolean): Html {
  if (sessions.length === 0) return html`<p class="nothing">They have not signed in.</p>`;
  const revoke = (session: DeviceSession) =>
    html`<a href="/users/${userId}/sessions/${session.device_session_id}/revoke">Revoke …</a>`;
  const anyActive = mayChange && sessions.some(({ status }) => status === 'active');
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Device</th><th>State</th><th>Network</th><th>Signed in (UTC)</th><th>Last used (UTC)</th><th>Id</th>${mayChange ? html`<th>Action</th>` : ''}</tr></thead>
    <tbody>${sessions.map(
      (one) => html`<tr>
        <td class="words"><bdi>${one.device_name ?? '–'}</bdi></td><td>${statusTag(one.status)}</td>
        <td>${one.network ?? '–'}</td><td>${time(one.created_at)}</td><td>${time(one.last_used_at)}</td>
        <td><code>${one.device_session_id}</code></td>
        ${mayChange ? html`<td>${one.status === 'active' ? revoke(one) : '–'}</td>` : ''}
      </tr>`,
    )}</tbody></table></div>
    ${anyActive ? html`<p><a class="button danger" href="/users/${userId}/sign-out">Revoke all sessions …</a></p>` : ''}`;
}

export function gamesTable(userId: string, games: readonly GameOfUser[], mayUnblock: boolean): Html {
  if (games.length === 0) return html`<p class="nothing">They own no game, and play in none.</p>`;
  const unblock = (gameId: string, membershipId: string) =>
    html` <a href="/users/${userId}/games/${gameId}/memberships/${membershipId}/unblock">Undo the block …</a>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Game</th><th>State</th><th>Owner</th><th>Plays as</th></tr></thead>
    <tbody>${games.map(
      ({ game, is_owner, memberships }) => html`<tr>
        <td class="words"><a href="/games/${game.game_id}"><bdi>${game.game_name}</bdi></a></td>
        <td>${statusTag(game.status)}</td><td>${is_owner ? 'yes' : 'no'}</td>
        <td class="words">${
          memberships.length === 0
            ? '–'
            : html`<ul class="plain">${memberships.map(
                (one) =>
                  html`<li><bdi>${one.race_name}</bdi> ${statusTag(one.status)}${
                    mayUnblock && one.status === 'blocked' ? unblock(game.game_id, one.membership_id) : ''
                  }</li>`,
              )}</ul>`
        }</td>
      </tr>`,
    )}</tbody></table></div>`;
}

export function namesTable(names: readonly HeldName[]): Html {
  if (names.length === 0) return html`<p class="nothing">They hold no race name.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Race name</th><th>Held as</th><th>Since (UTC)</th><th>To be registered by (UTC)</th><th>From the game</th></tr></thead>
    <tbody>${names.map(
      (one) => html`<tr>
        <td class="words"><a href="/names?${new URLSearchParams({ name: one.race_name }).toString()}"><bdi>${one.race_name}</bdi></a></td>
        <td>${inPlainWords(one.kind)}</td><td>${time(one.held_since)}</td><td>${time(one.register_until)}</td>
        <td><a href="/games/${one.game_id}"><code>${one.game_id}</code></a></td>
      </tr>`,
    )}</tbody></table></div>`;
}

export function mailsTable(mails: readonly Mail[]): Html {
  if (mails.length === 0) return html`<p class="nothing">None in the last 30 days.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Mail</th><th>State</th><th>Failed attempts</th><th>Written (UTC)</th><th>Sent or given up (UTC)</th></tr></thead>
    <tbody>${mails.map(
      (
        one,
      ) => html`<tr><td>${inPlainWords(one.kind)}</td><td>${statusTag(one.state)}</td><td>${one.failures}</td>
        <td>${time(one.written_at)}</td><td>${time(one.ended_at)}</td></tr>`,
    )}</tbody></table></div>`;
}

export function entitlementsTable(entitlements: Entitlements): Html {
  const value = (of: boolean | number) => (typeof of === 'number' ? of : of ? 'yes' : 'no');
  return html`<dl>${Object.entries(entitlementNames).map(([key, name]) => {
    const own = entitlements[key as EntitlementName];
    return html`<div><dt>${name}</dt><dd>${value(entitlements.effective[key as EntitlementName])} <small>${
      own === null ? 'the default' : 'their own'
    }</small></dd></div>`;
  })}</dl>`;
}
