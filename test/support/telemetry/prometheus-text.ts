/** The families and samples of a Prometheus text, as far as the tests need them. */
export type Scraped = {
  /** `counter`, `gauge` or `histogram` by the name of the family. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Record<string, string>;
    value: number;
  }[];
  /** The value of the one sample with this name and exactly these labels; 0 when there is none. */
  value(name: string, labels?: Record<string, string>): number;
};

export async function scrape(url: string): Promise<Scraped> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} responded ${response.status}`);
  return readPrometheusText(await response.text());
}

export function readPrometheusText(text: string): Scraped {
  const types = new Map<string, string>();
  const samples: Scraped['samples'][number][] = [];
  for (const line of text.split('\n')) {
    const [, family, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (family !== undefined && type !== undefined) types.set(family, type);
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a sample: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((pair) => [pair[1], pair[2]]);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return {
    types,
    samples,
    value: (name, labels = {}) => {
      const wanted = Object.entries(labels);
      const found = samples.find(
        (sample) =>
          sample.name === name &&
          Object.keys(sample.labels).length === wanted.length &&
          wanted.every(([label, value]) => sample.labels[label] === value),
      );
      return found?.value ?? 0;
    },
  };
}
