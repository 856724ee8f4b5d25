import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  catalogueSchema,
  type PlayState,
  playStateSchema,
  type RunningEngine,
  runningEnginesSchema,
} from '../../lib/console/peers/play.ts';
import { may } from '../../lib/operators/permissions.ts';
import type { Role } from '../../lib/operators/roles.ts';
import { type ConsoleApp, forOperator, sessionOf } from './env.ts';
import { mebibytes } from './figures.ts';
import { engineTimeoutMs } from './game-action.ts';
import { type Html, layout } from './layout.ts';
import { inPlainWords, shown, statusTag, time } from './parts.ts';

/** What games can be made for, what runs, and what fails. */
export function enginesPage(app: ConsoleApp, { lobby, gameMaster }: Console): void {
  app.get('/engines', (c) => {
    const { roles } = sessionOf(c).operator;
    const ofGameMaster = forOperator(c, 'game-master');
    const running = shown(async () => {
      const question = { ...ofGameMaster, timeoutMs: engineTimeoutMs };
      const path = '/api/v1/internal/engines';
      const { items } = await gameMaster.ask('GET', path, runningEnginesSchema, question);
      return runningTable(roles, items);
    });
    const failing = shown(async () =>
      failingTable(await gameMaster.ask('GET', '/api/v1/internal/play-state', playStateSchema, ofGameMaster)),
    );
    const catalogue = shown(async () => {
      const path = '/api/v1/internal/lobby/engines';
      const { items } = await lobby.ask('GET', path, catalogueSchema, forOperator(c, 'lobby'));
      return html`<div class="table" tabindex="0"><table>
        <thead><tr><th>Family</th><th>Version</th><th>Seats</th><th>Turns</th><th>Hidden information</th><th>Spectators</th><th>Protocol</th></tr></thead>
        <tbody>${items.map(
          ({ family, version, manifest }) => html`<tr><td>${family}</td><td>${version}</td>
            <td>${manifest.seats.min} to ${manifest.seats.max}</td><td>${manifest.turn_order}</td>
            <td>${manifest.hidden_information ? 'yes' : 'no'}</td><td>${manifest.spectator_view ? 'yes' : 'no'}</td>
            <td>${manifest.protocol}</td></tr>`,
        )}</tbody></table></div>`;
    });
    const content = html`<section class="card"><h2>Games whose engine fails</h2>${failing}</section>
      <section class="card"><h2>Engines that run</h2>${running}</section>
      <section class="card"><h2>Catalogue</h2>${catalogue}</section>`;
    return c.html(layout(c, { title: 'Engines', place: '/engines', content }));
  });
}

function runningTable(roles: readonly Role[], engines: readonly RunningEngine[]): Html {
  if (engines.length === 0) return html`<p class="nothing">No engine runs.</p>`;
  const memory = engines.reduce((sum, { memory_bytes }) => sum + (memory_bytes ?? 0), 0);
  return html`<p>${engines.length} ${engines.length === 1 ? 'engine' : 'engines'}, ${mebibytes(memory)} in all.</p>
    <div class="table" tabindex="0"><table>
    <thead><tr><th>Game</th><th>Engine</th><th>State</th><th>Memory</th><th>Ended by itself</th><th>Health</th><th>Failures</th><th></th></tr></thead>
    <tbody>${engines.map(
      (one) => html`<tr>
        <td><a href="/games/${one.game_id}"><code>${one.game_id}</code></a></td>
        <td>${one.engine_family ?? 'unknown'} ${one.engine_version}</td>
        <td>${statusTag(one.state)}</td><td>${mebibytes(one.memory_bytes)}</td><td>${one.ended_times}</td>
        <td>${one.engine_health === null ? html`<small>plays no game</small>` : statusTag(one.engine_health)}</td>
        <td>${one.failures ?? '–'}</td><td>${engineLinks(roles, one)}</td>
      </tr>`,
    )}</tbody></table></div>`;
}

/** Engines are found by their game, at the Game Master. */
function engineLinks(roles: readonly Role[], { game_id, engine_health }: RunningEngine): Html {
  if (engine_health === null) return html``;
  return html`<span class="links">
    ${may(roles, 'engines.read') ? html`<a href="/games/${game_id}/log">Log</a>` : ''}
    ${may(roles, 'engines.change') ? html`<a href="/games/${game_id}/restart-engine">Restart …</a>` : ''}</span>`;
}

function failingTable({ failing_games: games, failing_games_complete: isComplete }: PlayState): Html {
  if (games.length === 0) return html`<p class="nothing">None.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Game</th><th>Health</th><th>What was wrong</th><th>Failures</th><th>Next attempt (UTC)</th></tr></thead>
    <tbody>${games.map(
      (game) => html`<tr>
        <td class="words"><a href="/games/${game.game_id}"><bdi>${game.game_name}</bdi></a></td>
        <td><span class="tag bad">${inPlainWords(game.engine_health)}</span></td><td class="words">${game.problem ?? '–'}</td>
        <td>${game.failures}</td><td>${time(game.next_attempt_at)}</td>
      </tr>`,
    )}</tbody></table></div>${isComplete ? '' : html`<p class="help">There are more.</p>`}`;
}
