// Runs a worker in workerd as Cloudflare would, through miniflare.
//   node test/runtimes/peers/miniflare-host.ts dist/workerd/lobby-public.mjs 8094
// The worker's bindings are the services' variables in this process's environment.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compatibility } from '../../../infra/cloudflare/compatibility.ts';

type Miniflare = { readonly ready: Promise<URL>; dispose(): Promise<void> };
type Module = { Miniflare: new (options: Record<string, unknown>) => Miniflare };

// Imported by its path, since it is not among the project's own packages.
const fromSuite = createRequire(join(import.meta.dirname, '..', 'package.json'));
const { Miniflare }: Module = await import(pathToFileURL(fromSuite.resolve('miniflare')).href);

const [scriptPath = '', port] = process.argv.slice(2);
const miniflare = new Miniflare({
  name: 'worker',
  modules: true,
  scriptPath,
  host: '127.0.0.1',
  port: Number(port),
  compatibilityDate: compatibility.date,
  compatibilityFlags: compatibility.flags,
  bindings: Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(LOBBY|BACKEND)_/.test(name)),
  ),
});
await miniflare.ready;
// Miniflare's own handler would end this process without waiting for workerd's.
process.removeAllListeners('SIGTERM');
process.once('SIGTERM', async () => {
  await miniflare.dispose();
  process.exit(0);
});
