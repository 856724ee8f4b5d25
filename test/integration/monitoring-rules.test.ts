// The rules as Prometheus itself reads them, and the alerts on the series of rules.test.yml.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { locatePromtool } from '../support/telemetry/promtool.ts';

const folder = join(import.meta.dirname, '../../infra/monitoring');
const promtool = await locatePromtool();

const check = (...args: string[]) => promisify(execFile)(promtool ?? 'promtool', args, { cwd: folder });

describe.skipIf(promtool === undefined)('what Prometheus is given', () => {
  it('has rules and a configuration that Prometheus takes', async () => {
    expect((await check('check', 'config', 'prometheus.yml')).stdout).toContain('rules found');
  });

  it('has alerts that fire when they should, and not before', async () => {
    expect((await check('test', 'rules', 'rules.test.yml')).stdout).toContain('SUCCESS');
  });

  it('would notice an alert that does not fire', async () => {
    const copies = await mkdtemp(join(tmpdir(), 'galaxy-rules-'));
    try {
      const rules = await readFile(join(folder, 'rules.yml'), 'utf8');
      const broken = rules.replace(
        'galaxy_gateway_push_connected == 0',
        'galaxy_gateway_push_connected == 2',
      );
      await writeFile(join(copies, 'rules.yml'), broken);
      await copyFile(join(folder, 'rules.test.yml'), join(copies, 'rules.test.yml'));
      await expect(check('test', 'rules', join(copies, 'rules.test.yml'))).rejects.toThrow(
        'GalaxyPushDisconnected',
      );
    } finally {
      await rm(copies, { recursive: true });
    }
  });
});
