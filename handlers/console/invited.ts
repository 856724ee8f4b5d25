import { html } from 'hono/html';
import type { z } from 'zod';
import type { invitedSchema } from '../../lib/console/peers/backend.ts';
import type { Html } from './layout.ts';

/** The link with which an operator enrols a passkey, shown this once. The token is in the fragment, which no server logs. */
export function invitation(publicUrl: string, { operator, link_token }: z.infer<typeof invitedSchema>): Html {
  return html`<section class="card"><h2>Give this link to <bdi>${operator.name}</bdi></h2>
    <p><code class="link" id="link">${publicUrl}/enrol#${link_token}</code></p>
    <p class="help">It works once, within 15 minutes, and is shown only now.</p>
    <p><a class="button" href="/operators">To the operators</a></p></section>`;
}
