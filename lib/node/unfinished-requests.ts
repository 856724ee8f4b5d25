// Requests of a server that have not arrived wholly, of all clients together. When there are too many, the client that
// has the most loses its oldest: one that sends many requests in part does not push those of others out.

export class UnfinishedRequests<Request> {
  readonly #max: number;
  readonly #clients = new Map<Request, string>();
  readonly #byClient = new Map<string, Set<Request>>();

  constructor(max: number) {
    this.#max = max;
  }

  has(request: Request): boolean {
    return this.#clients.has(request);
  }

  /** @returns the request that has to give way, which is no longer counted. */
  add(request: Request, client: string): Request | undefined {
    this.#clients.set(request, client);
    const sameClient = this.#byClient.get(client) ?? new Set();
    this.#byClient.set(client, sameClient.add(request));
    if (this.#clients.size <= this.#max) return undefined;
    let most = sameClient;
    for (const requests of this.#byClient.values()) if (requests.size > most.size) most = requests;
    const [oldest] = most;
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  delete(request: Request): void {
    const client = this.#clients.get(request);
    if (client === undefined) return;
    this.#clients.delete(request);
    const sameClient = this.#byClient.get(client);
    sameClient?.delete(request);
    if (sameClient?.size === 0) this.#byClient.delete(client);
  }
}
