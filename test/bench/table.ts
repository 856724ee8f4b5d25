import type { Entry } from './entry.ts';

const columns = [
  'name',
  'ops_per_s',
  'floor_ops_per_s',
  'ratio',
  'p50_ms',
  'p99_ms',
  'cpu_us_per_op',
  'rss_kib',
  'n',
] as const;

/** The entries for a person: a line each, and the notes below. */
export function table(entries: readonly Entry[]): string {
  const lines = [
    [...columns],
    ...entries.map((entry) => columns.map((column) => String(entry[column] ?? '–'))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  '),
  );
  return [...text, '', ...entries.map(({ name, note }) => `${name}: ${note}`)].join('\n');
}

/** 10k for 10,000, 1m for a million. */
export function shortNumber(count: number): string {
  if (count % 1_000_000 === 0) return `${count / 1_000_000}m`;
  return count % 1_000 === 0 ? `${count / 1_000}k` : String(count);
}
