// The link of a mail with which its recipient wants no more mails of its kind, without signing in. Programs follow links
// of mails on their own, so a GET only asks; a POST does it: the form of the page, or the mailbox (RFC 8058).
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { HttpEnv } from '../../lib/http/env.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { unsubscribeBody } from '../../lib/users/unsubscribe.ts';
import { passOn, type SignIn } from './pass-to-backend.ts';
import { donePage, questionPage } from './unsubscribe-pages.ts';

const path = '/api/v1/public/mail/unsubscribe';

const query = z.object({ ...unsubscribeBody.shape, language: z.string().max(35).optional() });

const questionRoute = createRoute({
  method: 'get',
  path,
  request: { query },
  responses: { 200: { description: 'A page with a button' } },
});

const doneRoute = createRoute({
  method: 'post',
  path,
  request: { query },
  responses: { 200: { description: 'A page that says that it is done' } },
});

export const unsubscribeQuestionRoute = () =>
  defineRoute(questionRoute, (c) => respond(c, questionPage(c.req.valid('query').language)));

export const unsubscribeRoute = (signIn: SignIn) =>
  defineRoute(doneRoute, async (c) => {
    const { token, language } = c.req.valid('query');
    const refusal = await passOn(c, signIn, path, new TextEncoder().encode(JSON.stringify({ token })));
    return refusal.ok ? respond(c, donePage(language)) : refusal;
  });

async function respond(c: Context<HttpEnv>, page: Promise<string>): Promise<Response> {
  c.header('cache-control', 'no-store');
  c.header('referrer-policy', 'no-referrer');
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  );
  return c.html(await page);
}
