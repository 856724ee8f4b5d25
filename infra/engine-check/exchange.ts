// A request to an engine and its response, and how an author repeats it by hand.

export type Method = 'GET' | 'PUT' | 'POST';

export type Exchange = {
  readonly method: Method;
  readonly path: string;
  /** As it was sent. */
  readonly body: string | undefined;
  readonly status: number;
  readonly text: string;
  /** The body of the response. */
  readonly json: unknown;
};

/** A request that got no usable response has only the first part. */
export type Attempt = Pick<Exchange, 'method' | 'path' | 'body'> & Partial<Exchange>;

/** With `$E` for the address of the engine. */
export function curl({ method, path, body }: Attempt): string {
  const url = `"$E${path}"`;
  if (method === 'GET') return `curl ${url}`;
  return `curl -X ${method} -H 'Content-Type: application/json' ${url} -d ${quoted(body ?? '')}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
