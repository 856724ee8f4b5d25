import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import {
  endProcessGroup,
  isRunning,
  type KnownProcess,
  processIdentity,
  signalGroup,
} from '../../lib/node/process-groups.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) if (pid !== undefined) signalGroup(pid, 'SIGKILL');
});

/** Runs a shell script in a group of its own, and waits until it says that it is ready. */
async function startGroup(script: string): Promise<KnownProcess & { child: ChildProcess }> {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  return { child, pid, identity: (await processIdentity(pid)) ?? '' };
}

describe('a process', () => {
  it('keeps its identity when it becomes another program, and has none once it has ended', async () => {
    const script = 'read -r go; exec /bin/sh -c "echo another; sleep 1000"';
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    started.push(child);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const identity = await processIdentity(pid);
    expect(identity).toMatch(/./);
    child.stdin.end('go\n');
    await once(child.stdout, 'data');
    expect(await processIdentity(pid)).toBe(identity);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await processIdentity(pid)).toBeUndefined();
  });

  it('is not another one that has its pid', async () => {
    const known = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' };
    expect(await isRunning(known)).toBe(true);
    expect(await isRunning({ ...known, identity: `${known.identity}0` })).toBe(false);
    // Would end this very test.
    await endProcessGroup({ ...known, identity: `${known.identity}0` }, 100);
  });
});

describe('ending a process', () => {
  it('lets it end by itself', async () => {
    const group = await startGroup('trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done');
    const ended = once(group.child, 'exit');
    await endProcessGroup(group, 10_000);
    expect(await ended).toEqual([7, null]);
  });

  it('does not wait for one that does not listen, and takes what that has started with it', async () => {
    const script = '(trap "" TERM; echo $$; sleep 1000) & trap "" TERM; echo ready; wait; sleep 1000';
    const group = await startGroup(script);
    const ended = once(group.child, 'exit');
    await endProcessGroup(group, 100);
    expect(await ended).toEqual([null, 'SIGKILL']);
    await expect.poll(() => groupExists(group.pid), { timeout: 5_000 }).toBe(false);
  });

  it('takes what it has left behind, too, when it ends by itself', async () => {
    const script =
      '(trap "" TERM; sleep 1000) & trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
    const group = await startGroup(script);
    await endProcessGroup(group, 10_000);
    await expect.poll(() => groupExists(group.pid), { timeout: 5_000 }).toBe(false);
  });
});

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
