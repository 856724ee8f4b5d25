// The internal HTTP APIs of the services, as the console requests them.
import type { z } from 'zod';
import { type ErrorCode, errorTable, Refusal } from '../../errors/table.ts';
import { askService, type ServiceQuestion } from '../../http/ask-service.ts';
import { errorSchema } from '../../http/schemas.ts';
import { assertionHeader, reasonHeader } from '../../operators/assertion.ts';
import type { Logger } from '../../telemetry/logger.ts';

const maxBytes = 4 * 1024 * 1024;

export type Question = {
  /** Of the operator; without it the console asks in its own name. */
  readonly assertion?: string | undefined;
  /** Why the operator changes something. */
  readonly reason?: string | undefined;
  readonly body?: unknown;
  /** Of a form that was sent twice the second one changes nothing. */
  readonly idempotencyKey?: string | undefined;
  /** The revision of a game that the operator has seen. */
  readonly revision?: string | undefined;
  readonly requestId: string;
  /** Instead of the usual bound, for what others are asked on the way. */
  readonly timeoutMs?: number | undefined;
};

export type Service = {
  /** For people. */
  readonly name: string;
  /** @throws Refusal of the service; service_unavailable when it does not respond. */
  ask<T>(
    method: ServiceQuestion['method'],
    path: string,
    schema: z.ZodType<T>,
    question: Question,
  ): Promise<T>;
  /** Whether it takes requests. */
  isReady(): Promise<boolean>;
};

/** @param service.tokenVariables of both sides; the log names them when they disagree. */
export function createService(service: {
  name: string;
  baseUrl: string;
  token: string | undefined;
  timeoutMs: number;
  tokenVariables: { ours: string; theirs: string };
  log: Logger;
}): Service {
  const { name, baseUrl, token, timeoutMs, tokenVariables, log } = service;
  const unavailable = () =>
    new Refusal('service_unavailable', `${name} does not respond; try again shortly.`);
  return {
    name,
    async ask(method, path, schema, asked) {
      const { assertion, reason, body, idempotencyKey, revision, requestId } = asked;
      const headers = {
        'x-request-id': requestId,
        ...(assertion === undefined ? {} : { [assertionHeader]: assertion }),
        ...(reason === undefined ? {} : { [reasonHeader]: encodeURIComponent(reason) }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(revision === undefined ? {} : { 'if-match': revision }),
      };
      const bound = asked.timeoutMs ?? timeoutMs;
      const question = { method, token, headers, body, timeoutMs: bound, maxBytes };
      const { status, text } = await askService(`${baseUrl}${path}`, question).catch((error: unknown) => {
        log.warn({ error, service: name, path: path.split('?')[0] }, 'a service does not respond');
        throw unavailable();
      });
      if (status >= 200 && status < 300) return schema.parse(JSON.parse(text));
      const refusal = refusalIn(text);
      log.info({ service: name, path: path.split('?')[0], status, code: refusal?.code }, 'a service refused');
      if (status === 401 && assertion === undefined) {
        log.error(
          tokenVariables,
          'a service refuses the token of the console; ours must be the token of a caller in theirs',
        );
        throw unavailable();
      }
      throw refusal ?? unavailable();
    },
    isReady: () => isReady(baseUrl, timeoutMs),
  };
}

/** Whether a process takes requests. */
export function isReady(baseUrl: string, timeoutMs: number): Promise<boolean> {
  return askService(`${baseUrl}/readyz`, { method: 'GET', timeoutMs, maxBytes }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function refusalIn(text: string): Refusal | undefined {
  const body = errorSchema.safeParse(parsed(text)).data;
  if (body === undefined || !(body.error.code in errorTable)) return undefined;
  const { code, message, details } = body.error;
  return new Refusal(code as ErrorCode, message, details);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
