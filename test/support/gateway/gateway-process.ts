// The gateway as a process of its own, started as `npm start` does: with OpenTelemetry's set-up loaded first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileCache } from '../../../infra/local/service.ts';
import type { RunGateway } from './gateway.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export type GatewayProcess = {
  /** For `startTestGateway`. Rejects when the process ends with another exit code than 0. */
  readonly run: RunGateway;
  /** All that it has written so far, to standard output and to standard error. */
  output(): string;
};

export function gatewayProcess(): GatewayProcess {
  let output = '';
  const keep = (text: string) => {
    output += text;
  };
  const run: RunGateway = async (environment, stop) => {
    const child = spawn(process.execPath, ['--import', './infra/node/telemetry.ts', 'workers/gateway.ts'], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '', ...compileCache, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    stop.addEventListener('abort', () => child.kill('SIGTERM'));
    const [exitCode] = await once(child, 'close');
    if (exitCode !== 0) throw new Error(`the gateway ended with exit code ${exitCode}:\n${output}`);
  };
  return { run, output: () => output };
}
