import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { endPort, firstPort } from '../../../lib/runtime-manager/drivers/ports.ts';
import { portsOf, problemsWith, processes } from '../../support/run/deployed-processes.ts';
import { makeSecrets } from '../../support/run/made-secrets.ts';
import {
  allowed,
  type Container,
  readKustomization,
  readManifests,
  type Workload,
  workloadOf,
} from '../../support/run/manifests.ts';

const secrets = makeSecrets();
afterAll(() => rmSync(dirname(secrets.folder), { recursive: true }));

const base = readKustomization('base');
const manifests = base.resources.flatMap((file) => readManifests(`base/${file}`));
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const namesOfKind = (kind: string) => ofKind(kind).map(({ metadata }) => metadata.name);
const workloads = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job').map(workloadOf);
const run = processes.filter(({ notAlone }) => notAlone === undefined);

type Placed = { name: string; workload: Workload; container: Container };
const placed: Placed[] = workloads.flatMap((workload) =>
  workload.spec.template.spec.containers.map((container) => ({ name: container.name, workload, container })),
);

const config = ofKind('ConfigMap')[0]?.data as Record<string, string>;

/** The environment as a pod gets it, with the secrets of make-secrets.sh. */
function environmentOf({ env }: Container): Record<string, string> {
  return Object.fromEntries(
    env.flatMap(({ name, value, valueFrom }) => {
      if (value !== undefined) return [[name, value]];
      const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
      const [kept, found] =
        secretKeyRef === undefined
          ? [configMapKeyRef, config[configMapKeyRef?.key ?? '']]
          : [secretKeyRef, secrets.values[secretKeyRef.key]];
      expect(kept?.name).toBe('galaxy');
      if (found !== undefined) return [[name, found]];
      if (kept?.key.startsWith('OPERATOR_OIDC_')) return [];
      if (kept?.key === 'SMTP_URL') return [[name, 'smtp://user:password@smtp.example.com:587']];
      throw new Error(`${name} comes from ${kept?.key}, which nobody makes`);
    }),
  );
}

function processOf(name: string) {
  const found = run.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no process ${name}`);
  return found;
}

it('runs every process', () => {
  expect(placed.map(({ name }) => name).toSorted()).toEqual(run.map(({ name }) => name).toSorted());
});

describe.each(placed)('$name', ({ name, workload, container }) => {
  const one = processOf(name);
  const pod = workload.spec.template.spec;

  it('gets all that it requires, and nothing that it does not read', () => {
    expect(container.image).toBe(`galaxy/${name}`);
    expect(problemsWith(one, environmentOf(container))).toEqual([]);
  });

  it('takes everything that is secret from a Secret', () => {
    const literal = container.env.filter(({ value }) => value !== undefined).map((variable) => variable.name);
    expect(literal.filter((variable) => /TOKEN|PASSWORD|DSN|KEY$|SMTP/.test(variable))).toEqual([]);
  });

  it('tells the ports that it listens on', () => {
    const ports = container.ports.map(({ containerPort }) => containerPort);
    expect(ports.toSorted()).toEqual([...portsOf(one, environmentOf(container)).values()].toSorted());
  });

  it('is probed where it answers, and not at all when it has no port but that of its metrics', () => {
    const [first] = portsOf(one).values();
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const target = (probe: typeof startupProbe) => {
      const port = probe?.grpc?.port ?? probe?.httpGet?.port;
      const number = container.ports.find((known) => known.name === port)?.containerPort ?? port;
      return probe && [number, probe.httpGet?.path ?? 'grpc.health.v1'];
    };
    const health = name === 'backend-push' ? 'grpc.health.v1' : '/healthz';
    const ready = name === 'backend-push' ? 'grpc.health.v1' : '/readyz';
    expect([startupProbe, livenessProbe, readinessProbe].map(target)).toEqual(
      first === undefined
        ? [undefined, undefined, undefined]
        : [
            [first, health],
            [first, health],
            [first, ready],
          ],
    );
  });

  it('runs as nobody, on a root that it cannot write, without any right', () => {
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('has longer to stop than it may take', () => {
    const waits = container.lifecycle?.preStop.sleep.seconds ?? 0;
    // The drain and the flush of telemetry; the Runtime Manager ends its engines, too.
    const takes = waits + 15 + 2 + (name === 'runtime-manager' ? 5 : 0);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(takes + 5);
  });
});

describe('replicas', () => {
  const scaled = ofKind('HorizontalPodAutoscaler').map(({ metadata }) => metadata.name);
  const replicasOf = ({ metadata, spec }: Workload) => (scaled.includes(metadata.name) ? 2 : spec.replicas);
  const deployments = workloads.filter(({ kind }) => kind === 'Deployment');

  it('of what listens for others are scaled, and nobody else sets their number', () => {
    expect(scaled.toSorted()).toEqual([
      'backend-http',
      'backend-push',
      'game-master-http',
      'gateway',
      'lobby-http',
    ]);
    const fixed = deployments.filter(({ metadata }) => scaled.includes(metadata.name));
    expect(fixed.map(({ spec }) => spec.replicas)).toEqual(scaled.map(() => undefined));
  });

  it('are spread and go one by one, wherever there are several', () => {
    const several = deployments.filter((one) => (replicasOf(one) ?? 1) > 1);
    expect(several.length).toBeGreaterThan(8);
    expect(namesOfKind('PodDisruptionBudget').toSorted()).toEqual(
      several.map(({ metadata }) => metadata.name).toSorted(),
    );
    for (const { spec } of several) {
      expect(spec.template.spec.topologySpreadConstraints).toHaveLength(1);
      expect(spec.strategy).toEqual({
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
      });
    }
  });

  it('of the Runtime Manager are one, which ends before the next begins', () => {
    const games = placed.filter(({ name }) => name === 'runtime-manager');
    expect(games.map(({ workload }) => [workload.spec.replicas, workload.spec.strategy])).toEqual([
      [1, { type: 'Recreate' }],
    ]);
  });

  it('of the turn worker are two, so that turns are played while one of them is replaced', () => {
    const turns = placed.filter(({ name }) => name === 'game-turns');
    expect(turns.map(({ workload }) => workload.spec.replicas)).toEqual([2]);
  });
});

describe('the network', () => {
  const { ingress, egress } = allowed(ofKind('NetworkPolicy'));
  const services = new Map(
    ofKind('Service').map(({ metadata, spec }) => [
      metadata.name,
      (spec as { ports?: { port: number; targetPort: string }[] }).ports ?? [],
    ]),
  );
  const nameOf = (workload: Workload) =>
    workload.spec.template.metadata.labels['app.kubernetes.io/name'] ?? '';
  /** By the addresses in the environments: `http://lobby-http:8094`, `redis:6379`, a DSN. */
  const calls = placed.flatMap(({ workload, container }) =>
    Object.values(environmentOf(container)).flatMap((value) => {
      const [, host = '', port] = /^(?:\w+:\/\/(?:[^@]*@)?)?([a-z][a-z.-]+):(\d+)/.exec(value) ?? [];
      return port === undefined ? [] : [{ from: nameOf(workload), to: host, port: Number(port) }];
    }),
  );
  const inside = calls.filter(({ to }) => services.has(to));

  it('knows every service that a process calls, at a port that one of its containers has', () => {
    expect(new Set(calls.filter((call) => !inside.includes(call)).map(({ to }) => to))).toEqual(
      new Set(['redis', 'postgres', 'smtp.example.com']),
    );
    for (const { to, port } of inside) {
      const target = services.get(to)?.find((known) => known.port === port)?.targetPort;
      const containers = placed.filter(({ workload }) => nameOf(workload) === to);
      const open = containers
        .flatMap(({ container }) => container.ports)
        .filter(({ name }) => name === target);
      expect(
        open.map(({ containerPort }) => containerPort),
        `${to}:${port}`,
      ).toEqual([port]);
    }
  });

  it('denies what is not allowed', () => {
    const denied = ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === 'default-deny');
    expect(denied?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  /** The processes of a service share its variables; of its workers these alone ask others. */
  const asking: Record<string, readonly string[]> = {
    'runtime-job-results': ['game-master-http'],
    'game-turns': ['lobby-http'],
  };
  const workers = run
    .filter(({ entry, listens }) => entry.startsWith('workers/') && !listens)
    .map(({ name }) => name);
  const really = inside.filter(({ from, to }) => !workers.includes(from) || asking[from]?.includes(to));
  const engines = `games:${firstPort}-${endPort - 1}`;
  const wanted = new Set([
    ...really.map(({ from, to, port }) => `${from} -> ${to}:${port}`),
    `game-master-http -> ${engines}`,
    `game-turns -> ${engines}`,
  ]);

  it('names the pod that the engines run in', () => {
    const manager = placed.find(({ name }) => name === 'runtime-manager');
    const host = manager && environmentOf(manager.container).RM_PROCESS_HOST;
    const service = ofKind('Service').find(({ metadata }) => metadata.name === host);
    expect(service?.spec).toEqual({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { 'app.kubernetes.io/name': 'games' },
    });
  });

  it('lets callers in and out, and nobody else', () => {
    const between = (edges: ReadonlySet<string>) =>
      [...edges].filter((edge) => !edge.includes('*') && !edge.includes('elsewhere')).toSorted();
    const toAnybody = [...ingress].filter((edge) => edge.startsWith('*'));
    expect(toAnybody).toEqual(['* -> gateway:8080', '* -> gateway:8088', '* -> gateway:9090']);
    const isOpen = (edge: string) => toAnybody.some((open) => edge.endsWith(open.slice(1)));
    expect(between(ingress)).toEqual([...wanted].filter((edge) => !isOpen(edge)).toSorted());
    expect(between(egress)).toEqual([...wanted].toSorted());
  });

  it.each([
    ['postgres', [5432]],
    ['redis', [6379]],
    ['smtp.example.com', [465, 587]],
  ])('lets those reach %s that have its address, and nobody else', (host, ports) => {
    const callers = [...new Set(calls.filter(({ to }) => to === host).map(({ from }) => from))];
    const edges = callers.flatMap((from) => ports.map((port) => `${from} -> *:${port}`));
    const open = [...egress].filter((edge) => ports.some((port) => edge.endsWith(`-> *:${port}`)));
    expect(open.toSorted()).toEqual(edges.toSorted());
  });
});

describe('the example overlay', () => {
  const env = z.array(z.object({ name: z.string(), value: z.string() }));
  const containers = z.tuple([z.object({ name: z.string(), env })]);
  const patchSchema = z.object({
    spec: z.object({ template: z.object({ spec: z.object({ containers }) }) }),
  });
  const overlay = readKustomization('overlays/example');

  it('says where each image comes from', () => {
    expect(overlay.images?.map(({ name }) => name).toSorted()).toEqual(
      placed.map(({ container }) => container.image).toSorted(),
    );
  });

  it('changes only what the base has', () => {
    const known = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    for (const { path } of overlay.patches ?? []) {
      for (const { kind, metadata } of readManifests(`overlays/example/${path}`)) {
        expect(known).toContain(`${kind} ${metadata.name}`);
      }
    }
  });

  it('sets variables that the gateway reads, to values that it takes', () => {
    const patch = readManifests('overlays/example/gateway.yaml').find(({ kind }) => kind === 'Deployment');
    const [container] = patchSchema.parse(patch).spec.template.spec.containers;
    const more = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const gateway = placed.find(({ name }) => name === container.name);
    if (gateway === undefined) throw new Error(`the base has no container ${container.name}`);
    expect(Object.keys(more)).toHaveLength(3);
    const environment = { ...environmentOf(gateway.container), ...more };
    expect(problemsWith(processOf('gateway'), environment)).toEqual([]);
  });

  it('makes the Secrets that the base mounts and asks for, from files that make-secrets.sh makes', () => {
    expect(overlay.secretGenerator?.map(({ name }) => name)).toEqual([
      'galaxy',
      'response-signer',
      'operator-assertion',
    ]);
    const files = overlay.secretGenerator?.flatMap(({ envs = [], files: mounted = [] }) => [
      ...envs,
      ...mounted,
    ]);
    expect(files).toEqual([
      'secrets/secrets.env',
      'secrets/response-signer.pem',
      'secrets/operator-assertion.pem',
    ]);
  });
});
