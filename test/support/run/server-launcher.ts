// A launcher for the tests of the local servers: `server-launcher.ts postgres|redis <data folder>`. It starts the
// server, prints its pid as a line, ignores Ctrl-C, and exits without stopping the server when its input ends.
import { startPostgres } from '../../../infra/local/postgres.ts';
import { startRedis } from '../../../infra/local/redis.ts';

const [kind, dataFolder = ''] = process.argv.slice(2);
process.on('SIGINT', () => process.stdout.write('interrupted\n'));

const server =
  kind === 'postgres'
    ? await startPostgres({ dataFolder, port: 0 })
    : await startRedis({ dataFolder, port: 0, password: 'secret' });
process.stdout.write(`${server.pid}\n`);

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
