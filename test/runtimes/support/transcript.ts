// A service's responses without everything that is different each time, so that runtimes can be compared.

export type Entry = {
  readonly step: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** Headers that mean something to callers. */
const meaningful = ['content-type', 'etag', 'retry-after', 'www-authenticate'];

export type RecordedResponse = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
};

export class Transcript {
  readonly entries: Entry[] = [];
  readonly #ids = new Map<string, string>();

  record(step: string, { status, headers, body }: RecordedResponse): void {
    const kept = meaningful.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value.toLowerCase()]];
    });
    this.entries.push({
      step,
      status,
      headers: {
        ...Object.fromEntries(kept),
        'x-request-id': headers.has('x-request-id') ? 'there' : 'none',
      },
      body: this.plain(body),
    });
  }

  /** The same value with ids numbered in order of appearance, and without times and tokens. */
  plain(value: unknown): unknown {
    return JSON.parse(
      JSON.stringify(value)
        .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) =>
          this.#numbered(id),
        )
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
        .replaceAll(/"next_page_token":"[^"]+"/g, '"next_page_token":"<token>"')
        .replaceAll(/("\w+_ms":"?)\d+/g, '$10'),
    );
  }

  #numbered(id: string): string {
    const known = this.#ids.get(id) ?? `<id ${this.#ids.size + 1}>`;
    this.#ids.set(id, known);
    return known;
  }
}
