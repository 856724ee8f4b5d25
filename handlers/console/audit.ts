import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { operatorsSchema } from '../../lib/console/peers/backend.ts';
import { type AuditEntry, auditSchema } from '../../lib/console/peers/responses.ts';
import type { Service } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { layout } from './layout.ts';
import { auditTable, nextPage, problem } from './parts.ts';

const pageSize = 50;

/** The audit logs of all services as one, newest first. A page token is the id of the last entry that was shown. */
export function auditPage(app: ConsoleApp, { backend, lobby, gameMaster }: Console): void {
  app.get('/audit', async (c) => {
    const before = c.req.query('page_token');
    const logs = await Promise.all([
      readLog(c, backend, 'backend', before),
      readLog(c, lobby, 'lobby', before),
      readLog(c, gameMaster, 'game-master', before),
    ]);
    const merged = logs
      .flatMap(({ entries }) => entries)
      .toSorted((one, other) => (one.entry_id < other.entry_id ? 1 : -1));
    const entries = merged.slice(0, pageSize);
    const more = merged.length > pageSize || logs.some(({ more }) => more);
    const nameOf = await operatorNames(c, backend);
    const content = html`${logs.map(({ missing }) => missing && problem(missing))}
      <p><a class="button" href="/audit/export" download>Export as JSON Lines</a></p>
      <section class="card">${auditTable(entries, nameOf)}
      ${nextPage('/audit', {}, more ? entries.at(-1)?.entry_id : undefined)}</section>`;
    return c.html(layout(c, { title: 'Audit log', place: '/audit', content }));
  });
}

async function readLog(
  c: ConsoleContext,
  service: Service,
  audience: Audience,
  before: string | undefined,
): Promise<{ entries: (AuditEntry & { service: string })[]; more: boolean; missing?: string }> {
  const query = new URLSearchParams({
    page_size: String(pageSize),
    ...(before !== undefined && isUuid(before) ? { before } : {}),
  });
  const path = `/api/v1/internal/audit-entries?${query}`;
  try {
    const { items, next_page_token } = await service.ask('GET', path, auditSchema, forOperator(c, audience));
    return {
      entries: items.map((entry) => ({ ...entry, service: audience })),
      more: next_page_token !== undefined,
    };
  } catch (error) {
    if (error instanceof Refusal) return { entries: [], more: false, missing: error.message };
    throw error;
  }
}

/** The names of operators by their ids; the ids themselves while the backend does not respond. */
export async function operatorNames(
  c: ConsoleContext,
  backend: Service,
): Promise<(operatorId: string | null) => string> {
  const names = new Map<string, string>();
  try {
    const path = '/api/v1/internal/operators';
    const { items } = await backend.ask('GET', path, operatorsSchema, forOperator(c, 'backend'));
    for (const { operator_id, name } of items) names.set(operator_id, name);
  } catch (error) {
    // Their ids are shown then.
    if (!(error instanceof Refusal)) throw error;
  }
  return (operatorId) => (operatorId === null ? 'a token alone' : (names.get(operatorId) ?? operatorId));
}
