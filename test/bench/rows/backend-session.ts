// backend.session: the session look-up that the gateway makes for every request, over HTTP, compared with the same read by
// primary key straight on the driver, in a process on the same core. PostgreSQL and the load share the other core.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../../../infra/local/child.ts';
import type { Row } from '../entry.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer, startProcess } from '../peer.ts';
import type { SessionFloorCalls } from '../peers/session-floor.ts';
import type { SessionLoadCalls } from '../peers/session-load.ts';
import { cpuDuring } from '../system.ts';

const inFlight = 64;
/** As many as the backend has by default. */
const databaseConnections = 20;

export const backendSession: Row = {
  name: 'backend.session',
  async run(bench, running) {
    const { scale, cores } = bench;
    const name = `bench_${randomBytes(6).toString('hex')}`;
    await bench.postgres.createDatabase(name);
    const dsn = bench.postgres.dsn(name);
    const [port, adminPort] = [await freePort(), await freePort()];
    const pid = await startProcess(
      {
        entry: 'infra/node/backend-http.ts',
        core: cores?.measured,
        logFile: join(bench.folder, `backend-http-${port}.log`),
        listeners: [{ host: '127.0.0.1', port }],
        env: {
          BACKEND_HTTP_ADDR: `127.0.0.1:${port}`,
          BACKEND_ADMIN_HTTP_ADDR: `127.0.0.1:${adminPort}`,
          BACKEND_POSTGRES_PRIMARY_DSN: dsn,
          BACKEND_POSTGRES_MAX_OPEN_CONNS: String(databaseConnections),
          BACKEND_REDIS_ADDR: bench.redis.addr,
          BACKEND_REDIS_PASSWORD: bench.redis.password,
          BACKEND_CODE_HMAC_KEY: randomBytes(32).toString('base64'),
          BACKEND_MAILER: 'log',
        },
        ...(bench.nodeArgs === undefined ? {} : { nodeArgs: bench.nodeArgs }),
      },
      running,
    );
    const load = await startPeer<SessionLoadCalls>('session-load', cores?.load, running);
    const sessionIds = await load.call('insertSessions', dsn, scale.sessions);
    const floor = await startPeer<SessionFloorCalls>('session-floor', cores?.measured, running);
    await floor.call('connect', dsn, databaseConnections, sessionIds);

    const rounds = await alternate(
      scale,
      () => cpuDuring(pid, () => load.call('run', `http://127.0.0.1:${port}`, inFlight, scale.roundMs)),
      () => cpuDuring(floor.pid, () => floor.call('run', inFlight, scale.roundMs)),
    );
    const { figures, remarks } = throughput(rounds);
    return {
      ...figures,
      note: `${inFlight} in flight, ${scale.sessions} sessions, ${databaseConnections} connections to PostgreSQL; ${remarks}`,
    };
  },
};
