// PostgreSQL through a WebSocket, with Neon's driver: for runtimes without TCP, and for Neon. Transactions are
// interactive, as over TCP. The driver connects to Neon's own endpoint, at the host of the DSN and with TLS, or to a
// proxy that forwards the bytes to the PostgreSQL that the DSN names (`ws://proxy/v1?address=host:port`).
import { Client, type ClientConfig, neonConfig, Pool, type PoolClient } from '@neondatabase/serverless';
import { drizzle, type NeonDatabase } from 'drizzle-orm/neon-serverless';
import type { ListenAddress } from '../config/types.ts';
import { type OpenPostgres, poolSettings } from './pool-options.ts';
import { pooledDatabase } from './pooled-database.ts';
import { noPassword } from './reason.ts';
import { respondToScram } from './scram.ts';
import { watchServer } from './standby.ts';

export const neonPostgres: OpenPostgres = ({ websocketProxy, ...options }, onError) => {
  let pool: Pool | undefined;
  const open = () => {
    const opened = new Pool(poolSettings(options));
    opened.Client = clientThrough(websocketProxy);
    opened.on('connect', (client: PoolClient) => client.on('error', onError));
    // The pool reports idle connections a second time.
    opened.on('error', () => {});
    return opened;
  };
  // The part of a pool that drizzle uses. It outlives the pool, which opens on first use.
  const current = () => {
    pool ??= open();
    return pool;
  };
  const reopened = {
    connect: () => current().connect(),
    query: (...args: Parameters<Pool['query']>) => current().query(...args),
  };
  return {
    db: pooledDatabase<PoolClient, NeonDatabase>(
      reopened,
      drizzle({ client: reopened as Pool }),
      (client) => drizzle({ client }),
      options.pooler,
    ),
    async close() {
      const closing = pool;
      pool = undefined;
      await closing?.end();
    },
  };
};

/** A client of its own, so that two pools of one process may go through two proxies. */
export function clientThrough(proxy: ListenAddress | undefined): typeof Client {
  return class extends Client {
    #ended = false;

    constructor(config?: string | ClientConfig) {
      const settings = typeof config === 'string' ? { connectionString: config } : config;
      // The driver accepts the stream itself, although its types do not.
      super({ ...settings, stream: new WebSocketStream(proxy) as unknown as () => WebSocketStream });
      this.connection.once('end', () => {
        this.#ended = true;
      });
      watchServer(this);
    }

    /** The driver's own never calls back once the connection has ended, and callers that wait for the pool would wait for ever. */
    override end(callback?: (error: Error) => void): Promise<void> {
      const ended = this.#ended ? Promise.resolve() : super.end();
      return callback === undefined ? ended : ended.then(callback as () => void);
    }

    /**
     * Replaces the driver's own, which derives the key in thousands of calls and takes up to a second. Neon's endpoint
     * does not use SCRAM; PostgreSQL does.
     */
    override async _handleAuthSASLContinue({ data }: { data: string }): Promise<void> {
      try {
        if (!this.password) throw new Error(noPassword);
        const { clientNonce } = this.saslSession;
        const final = await respondToScram(this.password, clientNonce, data);
        Object.assign(this.saslSession, final, { message: 'SASLResponse' });
        this.connection.sendSCRAMClientFinalMessage(final.response);
      } catch (error) {
        this.connection.stream.emit('error', error);
      }
    }
  };
}

/** What the driver uses instead of a socket. */
class WebSocketStream extends neonConfig {
  constructor(proxy: ListenAddress | undefined) {
    super();
    if (proxy === undefined) return;
    const { host, port } = proxy;
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.wsProxy = (database, databasePort) =>
      `${authority}/v1?address=${encodeURIComponent(`${database}:${databasePort}`)}`;
    this.useSecureWebSocket = false;
    // It would send the password unencrypted before the server asks for one, as Neon's endpoint expects.
    this.pipelineConnect = false;
  }

  /** A failed WebSocket emits an event that has no reason, so this makes an error of it. */
  override emit(name: string, ...args: unknown[]): boolean {
    const [error] = args;
    if (name !== 'error' || error instanceof Error) return super.emit(name, ...args);
    const why = (error as { message?: string } | undefined)?.message;
    return super.emit(name, new Error(`Connection terminated: WebSocket failed${why ? ` (${why})` : ''}`));
  }
}
