// The routes of an engine (docs/engine-interface.md), for the Game Master.
import { createRoute, z } from '@hono/zod-openapi';
import {
  type Audience,
  engineRoutes,
  gameSetupSchema,
  gameStateSchema,
  type Manifest,
  manifestSchema,
  maxSeats,
  seatChangeSchema,
  turnRequestSchema,
  turnResponseSchema,
  validateRequestSchema,
  validateResponseSchema,
} from '../engine/api.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../http/app.ts';
import { defineRoute } from '../http/route.ts';
import { errorResponses, jsonBody, jsonResponse, noQuery } from '../http/schemas.ts';
import type { Game } from './game.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);

const audience = z.string().transform((text, context): Audience => {
  if (text === 'spectator') return text;
  const seat = Number(/^seat:([1-9]\d{0,3})$/.exec(text)?.[1]);
  if (seat <= maxSeats) return seat;
  context.addIssue({ code: 'custom', message: 'must be seat:<number>, or spectator' });
  return z.NEVER;
});

const manifestRoute = createRoute({
  method: 'get',
  path: engineRoutes.manifest,
  request: { query: noQuery },
  responses: { 200: jsonResponse(manifestSchema, 'What the engine plays'), ...errorResponses() },
});

const setUpRoute = createRoute({
  method: 'put',
  path: engineRoutes.game,
  request: { body: jsonBody(gameSetupSchema) },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('invalid_state') },
});

const stateRoute = createRoute({
  method: 'get',
  path: engineRoutes.game,
  request: { query: noQuery },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('not_found') },
});

const validateRoute = createRoute({
  method: 'post',
  path: engineRoutes.validate,
  request: { body: jsonBody(validateRequestSchema) },
  responses: {
    200: jsonResponse(validateResponseSchema, 'What is wrong with the orders'),
    ...errorResponses('not_found', 'invalid_state'),
  },
});

const turnRoute = createRoute({
  method: 'post',
  path: engineRoutes.turns,
  request: { body: jsonBody(turnRequestSchema) },
  responses: {
    200: jsonResponse(turnResponseSchema, 'The state, and what happened'),
    ...errorResponses('not_found', 'invalid_state'),
  },
});

const viewRoute = createRoute({
  method: 'get',
  path: engineRoutes.view,
  request: { query: z.strictObject({ for: audience, turn: wholeNumber.optional() }) },
  responses: {
    200: jsonResponse(z.unknown(), 'What that audience may see'),
    ...errorResponses('not_found'),
  },
});

const seatRoute = createRoute({
  method: 'put',
  path: '/api/v1/game/seats/{seat}',
  request: { params: z.object({ seat: wholeNumber }), body: jsonBody(seatChangeSchema) },
  responses: {
    200: jsonResponse(gameStateSchema, 'The state'),
    ...errorResponses('not_found', 'invalid_state'),
  },
});

export function createEngineApp<State, Orders, Options, View>(
  options: HttpAppOptions,
  manifest: Manifest,
  game: Game<State, Orders, Options, View>,
): HttpApp {
  const app = createHttpApp(options);
  app.openapiRoutes([
    defineRoute(manifestRoute, (c) => c.json(manifest, 200)),
    defineRoute(setUpRoute, async (c) => c.json(await game.setUp(c.req.valid('json')), 200)),
    defineRoute(stateRoute, (c) => c.json(game.state(), 200)),
    defineRoute(validateRoute, (c) => c.json({ problems: [...game.validate(c.req.valid('json'))] }, 200)),
    defineRoute(turnRoute, async (c) => c.json(await game.playTurn(c.req.valid('json')), 200)),
    defineRoute(viewRoute, async (c) => {
      const { for: whose, turn } = c.req.valid('query');
      return c.json(await game.view(whose, turn), 200);
    }),
    defineRoute(seatRoute, async (c) => c.json(await game.vacate(c.req.valid('param').seat), 200)),
  ]);
  return app;
}
