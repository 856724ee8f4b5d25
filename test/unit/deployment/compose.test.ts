import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { portsOf, problemsWith, processes, root } from '../../support/run/deployed-processes.ts';
import { makeSecrets } from '../../support/run/made-secrets.ts';

const folder = join(root, 'infra/containers');
const secrets = makeSecrets();
afterAll(() => rmSync(dirname(secrets.folder), { recursive: true }));

const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), target: z.string() }).optional(),
  restart: z.enum(['unless-stopped', 'on-failure']),
  user: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  stop_grace_period: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.int() })
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(['service_healthy', 'service_started', 'service_completed_successfully']),
      }),
    )
    .default({}),
});
const composeSchema = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), serviceSchema),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const text = readFileSync(join(folder, 'compose.yaml'), 'utf8');
const compose = composeSchema.parse(parse(text, { merge: true }));
const run = processes.filter(({ notAlone }) => notAlone === undefined);

/** `${NAME:?}` and `${NAME:-default}`, as compose does it. */
function filledIn(value: string): string {
  return value.replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, fallback: string) => {
    const secret = secrets.values[name];
    if (secret === undefined && kind === '?') throw new Error(`make-secrets.sh makes no ${name}`);
    return secret ?? fallback;
  });
}

function service(name: string) {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`compose has no service ${name}`);
  const environment = Object.entries(found.environment).map(([variable, value]) => [
    variable,
    filledIn(value),
  ]);
  return { ...found, environment: Object.fromEntries(environment) as Record<string, string> };
}

it('runs every process, its stores and, if asked to, Prometheus', () => {
  expect(Object.keys(compose.services).toSorted()).toEqual(
    ['postgres', 'redis', 'prometheus', ...run.map(({ name }) => name)].toSorted(),
  );
});

describe.each(run)('$name', (one) => {
  it('is the image of its target, and gets all that it requires and nothing that it does not read', () => {
    const { build, image, environment } = service(one.name);
    expect(build).toEqual({ context: '../..', target: one.name });
    expect(image).toBe(`galaxy/${one.name}`);
    expect(problemsWith(one, environment)).toEqual([]);
  });

  it('has longer to stop than it may take', () => {
    expect(Number.parseInt(service(one.name).stop_grace_period ?? '', 10)).toBeGreaterThan(15 + 2);
  });

  it('is scraped by Prometheus', () => {
    if (one.name === 'migrate') return;
    const prometheus = readFileSync(join(root, 'infra/monitoring/prometheus.yml'), 'utf8');
    const { environment } = service(one.name);
    expect([...portsOf(one, environment).values()]).toContain(9464);
    expect(prometheus).toContain(`- ${one.name}\n`);
  });
});

it('addresses name services that listen there', () => {
  const stores: Record<string, string> = { postgres: '5432', redis: '6379' };
  const asked = run.flatMap(({ name }) =>
    Object.values(service(name).environment).flatMap((value) => {
      const [, host, port] = /^(?:\w+:\/\/(?:[^@]*@)?)?([a-z][a-z-]+):(\d+)/.exec(value) ?? [];
      return host === undefined || port === undefined ? [] : [[host, port] as const];
    }),
  );
  expect(asked.length).toBeGreaterThan(30);
  for (const [host, port] of asked) {
    if (host in stores) expect(stores[host]).toBe(port);
    else {
      const named = run.filter(({ name }) => name === host);
      const ports = named.flatMap((one) => [...portsOf(one, service(one.name).environment).values()]);
      expect(ports, host).toContain(Number(port));
    }
  }
});

it('engines are reached under the name of the service that runs them', () => {
  expect(service('runtime-manager').environment.RM_PROCESS_HOST).toBe('runtime-manager');
});

it('what is waited for can be waited for', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const checked = (name: string) =>
    compose.services[name]?.healthcheck !== undefined ||
    new RegExp(`^FROM process AS ${name}\\n(EXPOSE .*\\n)?HEALTHCHECK `, 'm').test(dockerfile);
  const waits = Object.values(compose.services).flatMap((one) => Object.entries(one.depends_on));
  expect(waits.length).toBeGreaterThan(15);
  for (const [name, { condition }] of waits) {
    expect(Object.keys(compose.services)).toContain(name);
    if (condition === 'service_healthy') expect(checked(name), name).toBe(true);
    expect(condition === 'service_completed_successfully', name).toBe(name === 'migrate');
  }
});

it('opens the gateway alone to the network, and the ports of admins to this machine', () => {
  const open = Object.entries(compose.services).flatMap(([name, { ports }]) =>
    ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => `${name} ${port}`),
  );
  expect(open).toEqual(['gateway 8080:8080', 'gateway 8088:8088', 'gateway 9090:9090']);
});

it('files that are mounted are in the repository, or made by make-secrets.sh', () => {
  for (const { file } of Object.values(compose.secrets)) {
    expect(existsSync(join(secrets.folder, '..', file)), file).toBe(true);
  }
  for (const volume of Object.values(compose.services).flatMap(({ volumes }) => volumes)) {
    const [source = ''] = volume.split(':');
    if (source.startsWith('.')) expect(existsSync(join(folder, source)), source).toBe(true);
    else expect(Object.keys(compose.volumes)).toContain(source);
  }
});

it('Redis keeps what it holds, and never drops anything by itself', () => {
  expect(compose.services.redis?.command).toEqual(expect.arrayContaining(['--appendonly', 'yes']));
  expect(compose.services.redis?.command).toEqual(
    expect.arrayContaining(['--maxmemory-policy', 'noeviction']),
  );
});

it('holds no secret', () => {
  expect(text).not.toMatch(/(PASSWORD|TOKEN|KEY|DSN|AUTH): (?!\$\{)\S/);
});
