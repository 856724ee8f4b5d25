// The frame of every page.
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { may, type OperatorPermission } from '../../lib/operators/permissions.ts';
import type { ConsoleContext } from './env.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const places = [
  { path: '/', name: 'Overview', needs: 'games.read' },
  { path: '/users', name: 'Users', needs: 'users.read' },
  { path: '/games', name: 'Games', needs: 'games.read' },
  { path: '/names', name: 'Names', needs: 'games.read' },
  { path: '/streams', name: 'Streams', needs: 'streams.read' },
  { path: '/engines', name: 'Engines', needs: 'games.read' },
  { path: '/operators', name: 'Operators', needs: 'operators.read' },
  { path: '/audit', name: 'Audit log', needs: 'audit.read' },
] as const satisfies readonly { path: string; name: string; needs: OperatorPermission }[];

export type Place = (typeof places)[number]['path'];

/** @param page.place which link of the navigation leads here; without one the page needs no sign-in. */
export function layout(c: ConsoleContext, page: { title: string; place?: Place; content: Html }): Html {
  const { title, place, content } = page;
  const operator = c.get('session')?.operator;
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="htmx-config" content='{"includeIndicatorCSS": false, "history": false}'>
    <title>${title} · Galaxy console</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/base.css">
    <link rel="stylesheet" href="/assets/console.css">
    <script src="/assets/htmx.js" defer></script>
    <script src="/assets/console.js" type="module"></script>
  </head>
  <body>
    <header class="top">
      <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28">Galaxy console</a>
      ${
        operator &&
        html`<nav aria-label="Pages"><ul>${places
          .filter(({ needs }) => may(operator.roles, needs))
          .map(
            ({ path, name }) =>
              html`<li><a href="${path}" ${path === place ? html`aria-current="page"` : ''}>${name}</a></li>`,
          )}</ul></nav>
      <form class="who" method="post" action="/sign-out">
        <span>${operator.name} <small>${operator.roles.join(', ')}</small></span>
        <button>Sign out</button>
      </form>`
      }
    </header>
    <main ${place === undefined ? html`class="narrow"` : ''}>
      <h1>${title}</h1>
      ${content}
    </main>
  </body>
</html>`;
}
