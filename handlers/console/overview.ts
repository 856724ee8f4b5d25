import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  activePlayersSchema,
  gameCountsSchema,
  type PlayState,
  playStateSchema,
  runningEnginesSchema,
} from '../../lib/console/peers/play.ts';
import { type Stream, streamsSchema } from '../../lib/console/peers/responses.ts';
import { type Outbox, outboxSchema } from '../../lib/console/peers/streams.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { duration, upTo } from './figures.ts';
import { type Html, layout } from './layout.ts';
import { problem, statusTag } from './parts.ts';
import { type StreamAudience, streamAudiences, streamServices } from './stream-services.ts';
import { consumerState } from './streams.ts';

/** Health, what fails now, games and streams; again every five seconds while the page is seen. */
export function overviewPage(app: ConsoleApp, console: Console): void {
  app.get('/', async (c) => {
    const seen = await look(c, console);
    const content = html`<div id="live" class="stack" hx-get="/" hx-trigger="every 5s" hx-select="#live" hx-target="#live" hx-swap="outerHTML">
      <section class="card"><h2>Failures now</h2>${failures(seen)}</section>
      <section class="card"><h2>Now</h2>${figures(seen)}</section>
      <section class="card"><h2>Games</h2>${gameCounts(seen)}</section>
      <section class="card"><h2>Processes</h2>${processes(seen)}</section>
      <section class="card"><h2>Streams</h2>${streamTable(seen)}</section>
    </div>`;
    return c.html(layout(c, { title: 'Overview', place: '/', content }));
  });
}

/** What a service responded, or why it did not. */
type Part<T> = T | Refusal;
type ServiceSeen = { name: string; audience: StreamAudience; streams: Part<Stream[]>; outbox: Part<Outbox> };
type Seen = Awaited<ReturnType<typeof look>>;

/** The Runtime Manager responds within half a second, or is shown as one that does not. */
const runtimeManagerTimeoutMs = 1_500;

async function look(c: ConsoleContext, console: Console) {
  const { backend, lobby, gameMaster, gateway } = console;
  const services = streamServices(console);
  const ofGameMaster = forOperator(c, 'game-master');
  const [ready, streams, play, counts, players, engines] = await Promise.all([
    Promise.all(
      [...(gateway === undefined ? [] : [gateway]), backend, lobby, gameMaster].map(async (service) => ({
        name: service.name,
        isReady: await service.isReady(),
      })),
    ),
    Promise.all(
      streamAudiences.map(async (audience): Promise<ServiceSeen> => {
        const service = services[audience];
        const asked = forOperator(c, audience);
        const [streams, outbox] = await Promise.all([
          part(service.ask('GET', '/api/v1/internal/streams', streamsSchema, asked)),
          part(service.ask('GET', '/api/v1/internal/outbox', outboxSchema, asked)),
        ]);
        return {
          name: service.name,
          audience,
          streams: streams instanceof Refusal ? streams : streams.items,
          outbox,
        };
      }),
    ),
    part(gameMaster.ask('GET', '/api/v1/internal/play-state', playStateSchema, ofGameMaster)),
    part(lobby.ask('GET', '/api/v1/internal/lobby/game-counts', gameCountsSchema, forOperator(c, 'lobby'))),
    part(
      backend.ask('GET', '/api/v1/internal/active-players', activePlayersSchema, forOperator(c, 'backend')),
    ),
    part(
      gameMaster.ask('GET', '/api/v1/internal/engines', runningEnginesSchema, {
        ...ofGameMaster,
        timeoutMs: runtimeManagerTimeoutMs,
      }),
    ),
  ]);
  return { ready, streams, play, counts, players, engines };
}

function part<T>(asked: Promise<T>): Promise<Part<T>> {
  return asked.catch((error: unknown) => {
    if (error instanceof Refusal) return error;
    throw error;
  });
}

/** From here on something is wrong: what is slower than this waits for something. */
const slowMs = { stream: 60_000, outbox: 10_000, turn: 30_000 };

function failures(seen: Seen): Html {
  const found = [
    ...seen.ready.filter(({ isReady }) => !isReady).map(({ name }) => html`${name} does not respond.`),
    ...playFailures(seen.play, seen.engines),
    ...seen.streams.flatMap(streamFailures),
  ];
  if (found.length === 0) return html`<p class="nothing">None.</p>`;
  return html`<ul id="failures">${found.map((one) => html`<li>${one}</li>`)}</ul>`;
}

function playFailures(play: Seen['play'], engines: Seen['engines']): Html[] {
  if (play instanceof Refusal) return [];
  return [
    ...(engines instanceof Refusal ? [html`The Runtime Manager does not respond.`] : []),
    ...(play.turn_workers === 0 ? [html`No turn worker runs, so no turns are played.`] : []),
    ...(play.overdue_seconds * 1_000 > slowMs.turn
      ? [html`A game has waited for a turn worker for ${duration(play.overdue_seconds * 1_000)}.`]
      : []),
    ...failingGames(play),
  ];
}

function failingGames({ failing_games: games, failing_games_complete: isComplete }: PlayState): Html[] {
  if (games.length === 0) return [];
  const named = games
    .slice(0, 3)
    .map((game) => html` <a href="/games/${game.game_id}"><bdi>${game.game_name}</bdi></a>`);
  const many = upTo(games.length, isComplete);
  return [
    html`${many === '1' ? 'The engine of 1 game fails' : `The engines of ${many} games fail`}:${named}${games.length > 3 ? html` <a href="/engines">and more</a>` : ''}`,
  ];
}

function streamFailures({ name, audience, streams, outbox }: ServiceSeen): Html[] {
  const ofStreams = streams instanceof Refusal ? [] : streams;
  const waiting = outbox instanceof Refusal ? [] : outbox.items;
  return [
    ...(streams instanceof Refusal && streams.message.startsWith('Redis')
      ? [html`${name}: ${streams.message}`]
      : []),
    ...ofStreams.flatMap((one) => [
      ...(one.running ? [] : [html`Consumer ${one.consumer} does not run.`]),
      ...(one.lost ? [html`Consumer ${one.consumer} has lost entries.`] : []),
      ...(one.oldest_unprocessed_age_ms > slowMs.stream
        ? [html`Consumer ${one.consumer} is ${duration(one.oldest_unprocessed_age_ms)} behind.`]
        : []),
      ...(one.dead_letters > 0
        ? [
            html`Consumer ${one.consumer} has <a href="/dead-letters/${audience}?consumer=${encodeURIComponent(one.consumer)}">${one.dead_letters} dead ${one.dead_letters === 1 ? 'letter' : 'letters'}</a>${one.parked_keys > 0 ? html`, and ${one.parked_keys} <a href="/streams">parked ${one.parked_keys === 1 ? 'key' : 'keys'}</a>` : ''}.`,
          ]
        : []),
    ]),
    ...waiting
      .filter(({ oldest_age_ms }) => oldest_age_ms > slowMs.outbox)
      .map(
        ({ kind, oldest_age_ms }) =>
          html`${name} has not published a message (${kind.replaceAll('_', ' ')}) for ${duration(oldest_age_ms)}.`,
      ),
  ];
}

function figures({ players, play, engines }: Seen): Html {
  const rows: (readonly [string, string | number])[] = [
    ...(players instanceof Refusal
      ? []
      : [['players in the last hour', upTo(players.players, players.is_complete)] as const]),
    ...(play instanceof Refusal
      ? []
      : ([
          ['turns in the last minute', play.turns_last_minute],
          ['turn workers', play.turn_workers],
        ] as const)),
    ...(engines instanceof Refusal ? [] : [['engines that run', engines.items.length] as const]),
  ];
  const missing = new Set([players, play].flatMap((one) => (one instanceof Refusal ? [one.message] : [])));
  return html`${[...missing].map(problem)}<ul class="counts">${rows.map(
    ([name, value]) => html`<li><strong>${value}</strong> <span>${name}</span></li>`,
  )}</ul>`;
}

function gameCounts({ counts }: Seen): Html {
  if (counts instanceof Refusal) return problem(counts.message);
  return html`<ul class="counts">${counts.items.map(
    ({ status, count, is_complete }) =>
      html`<li><a href="/games?status=${status}"><strong>${upTo(count, is_complete)}</strong> ${statusTag(status)}</a></li>`,
  )}</ul>`;
}

function processes({ ready, engines, play }: Seen): Html {
  const tag = (isReady: boolean, yes: string, no: string) =>
    html`<span class="tag ${isReady ? 'running' : 'bad'}">${isReady ? yes : no}</span>`;
  return html`<ul class="plain rows">
    ${ready.map(({ name, isReady }) => html`<li>${name} ${tag(isReady, 'ready', 'not reachable')}</li>`)}
    ${play instanceof Refusal ? '' : html`<li>The Runtime Manager ${tag(!(engines instanceof Refusal), 'responds', 'does not respond')}</li>`}
    ${play instanceof Refusal ? '' : html`<li>Turn workers ${tag(play.turn_workers > 0, `${play.turn_workers} running`, 'none runs')}</li>`}
  </ul>`;
}

function streamTable({ streams }: Seen): Html {
  const missing = streams.flatMap(({ streams }) => (streams instanceof Refusal ? [streams.message] : []));
  const found = streams.flatMap(({ name, streams, outbox }) =>
    streams instanceof Refusal ? [] : [{ name, streams, outbox }],
  );
  return html`${missing.map(problem)}<div class="table" tabindex="0"><table>
    <thead><tr><th>Consumer</th><th>Of</th><th>Stream</th><th>State</th><th>Lag</th><th>Dead letters</th><th>Parked keys</th></tr></thead>
    <tbody>${found.flatMap(({ name, streams }) =>
      streams.map(
        (one) => html`<tr>
          <td>${one.consumer}</td><td>${name}</td><td><code>${one.stream}</code></td><td>${consumerState(one)}</td>
          <td>${duration(one.oldest_unprocessed_age_ms)}</td><td>${one.dead_letters}</td><td>${one.parked_keys}</td></tr>`,
      ),
    )}</tbody></table></div>
    <ul class="plain">${found.map(({ name, outbox }) => html`<li>${name}: ${inOutbox(outbox)}</li>`)}</ul>`;
}

function inOutbox(outbox: Part<Outbox>): Html {
  if (outbox instanceof Refusal) return html`the outbox cannot be read`;
  if (outbox.items.length === 0) return html`nothing waits in the outbox`;
  const waiting = outbox.items.reduce((sum, { waiting }) => sum + waiting, 0);
  const oldest = Math.max(...outbox.items.map(({ oldest_age_ms }) => oldest_age_ms));
  return html`${upTo(waiting, outbox.is_complete)} in the outbox, the oldest for ${duration(oldest)}`;
}
