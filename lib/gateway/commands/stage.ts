// Measures one stage of a signed request, and records a span for it if the request is traced.
import { inSpan, inSpanSync } from '../../telemetry/spans.ts';
import { type Stage, stageDone } from '../instruments.ts';

export async function stage<T>(name: Stage, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await inSpan(`gateway.${name}`, work);
  } finally {
    stageDone(name, performance.now() - startedAt);
  }
}

export function stageSync<T>(name: Stage, work: () => T): T {
  const startedAt = performance.now();
  try {
    return inSpanSync(`gateway.${name}`, work);
  } finally {
    stageDone(name, performance.now() - startedAt);
  }
}
