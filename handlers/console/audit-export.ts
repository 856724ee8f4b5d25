import type { Console } from '../../lib/console/context.ts';
import { type AuditEntry, auditSchema } from '../../lib/console/peers/responses.ts';
import type { Service } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
import { sessionCookie } from './cookie.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { findSession } from './opened-session.ts';

const pageSize = 200;
/** Before the assertions of the request, which are valid for a minute, expire. */
const renewAfterMs = 30_000;

type Entry = AuditEntry & { readonly service: Audience };

/**
 * The audit logs of all services as one file, an entry per line, the newest first. It is whole: while a service is down
 * there is none, and when one fails on the way the download does.
 */
export function auditExport(app: ConsoleApp, console: Console): void {
  app.get('/audit/export', async (c) => {
    const renew = renewing(c, console);
    const logs = [
      entriesOf(c, console.backend, 'backend', renew),
      entriesOf(c, console.lobby, 'lobby', renew),
      entriesOf(c, console.gameMaster, 'game-master', renew),
    ];
    // Before the response begins, so that it can still say which service is down.
    const first = await Promise.all(logs.map((log) => log.next()));
    const name = `audit-log-${new Date().toISOString().slice(0, 10)}.jsonl`;
    return c.body(streamOf(merged(logs, first)), 200, {
      'content-type': 'application/jsonl; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
    });
  });
}

function streamOf(lines: AsyncGenerator<string, undefined>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const utf8 = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value } = await lines.next();
      if (value === undefined) controller.close();
      else controller.enqueue(utf8.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

async function* merged(
  logs: readonly AsyncGenerator<Entry, undefined>[],
  first: readonly IteratorResult<Entry, undefined>[],
): AsyncGenerator<string, undefined> {
  const next = [...first];
  for (;;) {
    let newest = -1;
    let entry: Entry | undefined;
    for (const [index, { value }] of next.entries()) {
      if (value !== undefined && (entry === undefined || value.entry_id > entry.entry_id))
        [newest, entry] = [index, value];
    }
    const log = logs[newest];
    if (entry === undefined || log === undefined) return undefined;
    yield `${JSON.stringify(entry)}\n`;
    next[newest] = await log.next();
  }
}

/** One page is in memory at a time, and is read only when the browser has taken the one before. */
async function* entriesOf(
  c: ConsoleContext,
  service: Service,
  audience: Audience,
  renew: () => Promise<void>,
): AsyncGenerator<Entry, undefined> {
  let token: string | undefined;
  do {
    await renew();
    const query = new URLSearchParams({
      page_size: String(pageSize),
      ...(token === undefined ? {} : { page_token: token }),
    });
    const path = `/api/v1/internal/audit-entries?${query}`;
    const page = await service.ask('GET', path, auditSchema, forOperator(c, audience));
    for (const entry of page.items) yield { service: audience, ...entry };
    token = page.next_page_token;
  } while (token !== undefined);
  return undefined;
}

/** Looks the session up again when its assertions get old, so that an operator who was disabled gets no further page. */
function renewing(c: ConsoleContext, console: Console): () => Promise<void> {
  const token = sessionCookie.read(c, console) ?? '';
  let renewedAt = performance.now();
  return async () => {
    if (performance.now() - renewedAt < renewAfterMs) return;
    const session = await findSession(c, console, token);
    if (session === undefined) throw new Refusal('unauthenticated', 'The session has ended; sign in again.');
    c.set('session', session);
    renewedAt = performance.now();
  };
}
