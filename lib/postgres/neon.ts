// PostgreSQL through a WebSocket, with Neon's driver: for runtimes without TCP, and for Neon. Transactions are
// interactive, as over TCP. Either Neon's own endpoint is asked, at the host of the DSN and with TLS, or a proxy that
// passes the bytes on to whatever PostgreSQL the DSN names (`ws://proxy/v1?address=host:port`).
import { Client, type ClientConfig, neonConfig, Pool, type PoolClient } from '@neondatabase/serverless';
import { drizzle, type NeonDatabase } from 'drizzle-orm/neon-serverless';
import type { ListenAddress } from '../config/types.ts';
import { type OpenPostgres, poolSettings } from './pool-options.ts';
import { pooledDatabase } from './pooled-database.ts';
import { noPassword } from './reason.ts';
import { answerScram } from './scram.ts';

export const neonPostgres: OpenPostgres = ({ websocketProxy, ...options }, onError) => {
  let pool: Pool | undefined;
  const open = () => {
    const opened = new Pool(poolSettings(options));
    opened.Client = clientThrough(websocketProxy);
    opened.on('connect', (client: PoolClient) => client.on('error', onError));
    // Of idle connections the pool would tell once more.
    opened.on('error', () => {});
    return opened;
  };
  // What drizzle asks of a pool. What it has is made once and outlives the pool, which is opened when it is asked.
  const current = () => {
    pool ??= open();
    return pool;
  };
  const asked = {
    connect: () => current().connect(),
    query: (...args: Parameters<Pool['query']>) => current().query(...args),
  };
  return {
    db: pooledDatabase<PoolClient, NeonDatabase>(asked, drizzle({ client: asked as Pool }), (client) =>
      drizzle({ client }),
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
    constructor(config?: string | ClientConfig) {
      const settings = typeof config === 'string' ? { connectionString: config } : config;
      // The driver takes the stream itself, whatever its types say.
      super({ ...settings, stream: new WebSocketStream(proxy) as unknown as () => WebSocketStream });
    }

    /**
     * In place of the driver's own, which derives the key in thousands of calls and takes up to a second for that.
     * Neon's endpoint asks for no SCRAM; PostgreSQL does.
     */
    override async _handleAuthSASLContinue({ data }: { data: string }): Promise<void> {
      try {
        if (!this.password) throw new Error(noPassword);
        const { clientNonce } = this.saslSession;
        const answer = await answerScram(this.password, clientNonce, data);
        Object.assign(this.saslSession, answer, { message: 'SASLResponse' });
        this.connection.sendSCRAMClientFinalMessage(answer.response);
      } catch (error) {
        this.connection.stream.emit('error', error);
      }
    }
  };
}

/** What the driver has in place of a socket. */
class WebSocketStream extends neonConfig {
  constructor(proxy: ListenAddress | undefined) {
    super();
    if (proxy === undefined) return;
    const { host, port } = proxy;
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.wsProxy = (database, databasePort) =>
      `${authority}/v1?address=${encodeURIComponent(`${database}:${databasePort}`)}`;
    this.useSecureWebSocket = false;
    // Sends the password in the clear before it is asked for one, as Neon's endpoint wants it.
    this.pipelineConnect = false;
  }

  /** A WebSocket tells of its end by an event, from which nobody learns anything. */
  override emit(name: string, ...args: unknown[]): boolean {
    const [error] = args;
    if (name !== 'error' || error instanceof Error) return super.emit(name, ...args);
    const why = (error as { message?: string } | undefined)?.message;
    return super.emit(name, new Error(`Connection terminated: WebSocket failed${why ? ` (${why})` : ''}`));
  }
}
