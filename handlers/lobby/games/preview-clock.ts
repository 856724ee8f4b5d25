import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import {
  errorResponses,
  jsonBody,
  jsonResponse,
  timestamp,
  timestampInput,
} from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { previewClock } from '../../../lib/lobby/operations/preview-clock.ts';
import { clockFields } from './fields.ts';

const [earliest, latest] = [new Date(Date.UTC(2000, 0)), new Date(Date.UTC(2100, 0))];

const bodySchema = z.strictObject({
  ...clockFields,
  from: timestampInput
    .transform((time) => new Date(time))
    .refine((time) => time >= earliest && time < latest, 'must lie in the years from 2000 to 2099')
    .optional()
    .openapi({
      description: 'When the first turn opens; now unless given.',
      example: '2026-12-31T18:00:00Z',
    }),
});

const previewSchema = z
  .object({
    deadlines: z
      .array(z.object({ due_at: timestamp, closes_at: timestamp }))
      .openapi({ description: 'Of the first three turns, if each is played when it is due.' }),
  })
  .openapi('ClockPreview');

const route = createRoute({
  method: 'post',
  path: '/clocks/preview',
  operationId: 'previewClock',
  summary: 'The first deadlines of a game with this clock, or what is wrong with it; nothing is stored',
  tags: ['games'],
  request: { body: jsonBody(bodySchema) },
  responses: { 200: jsonResponse(previewSchema, 'The deadlines'), ...errorResponses() },
});

export const previewClockRoute = (lobby: Pick<Lobby, 'minTurnIntervalMs' | 'now'>) =>
  defineRoute(route, (c) => {
    const body = c.req.valid('json');
    const clock = {
      turnSchedule: body.turn_schedule,
      timeZone: body.time_zone,
      turnSeconds: body.turn_seconds,
      minTurnSeconds: body.min_turn_seconds,
      quietDays: body.quiet_days,
      graceSeconds: body.grace_seconds,
    };
    const deadlines = previewClock(lobby, clock, body.from).map(({ dueAt, closesAt }) => ({
      due_at: dueAt.toISOString(),
      closes_at: closesAt.toISOString(),
    }));
    return c.json({ deadlines }, 200);
  });
