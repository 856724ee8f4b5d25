// The documents of infra/kubernetes, as far as the tests look at them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { root } from './deployed-processes.ts';

const folder = join(root, 'infra/kubernetes');

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
};

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

export function readManifests(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(folder, path), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new AggregateError(document.errors, path);
    return manifestSchema.parse(document.toJS());
  });
}

export type Kustomization = z.infer<typeof kustomizationSchema>;
const kustomizationSchema = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.literal('galaxy'),
  resources: z.array(z.string()),
  secretGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        envs: z.array(z.string()).optional(),
        files: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  patches: z.array(z.strictObject({ path: z.string() })).optional(),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).optional(),
});

export function readKustomization(path: string): Kustomization {
  return kustomizationSchema.parse(parse(readFileSync(join(folder, path, 'kustomization.yaml'), 'utf8')));
}

const port = z.union([z.string(), z.int()]);
const probe = z.looseObject({
  httpGet: z.object({ path: z.string(), port }).optional(),
  grpc: z.object({ port: z.int() }).optional(),
});
const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().optional() });
const containerSchema = z.object({
  name: z.string(),
  image: z.string(),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).default([]),
  env: z.array(
    z.object({
      name: z.string(),
      value: z.string().optional(),
      valueFrom: z.object({ secretKeyRef: keyRef.optional(), configMapKeyRef: keyRef.optional() }).optional(),
    }),
  ),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.int() }) }) }).optional(),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.unknown(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});
const podSchema = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int(),
  securityContext: z.unknown(),
  topologySpreadConstraints: z.array(z.unknown()).default([]),
  containers: z.array(containerSchema),
});
const workloadSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  kind: z.enum(['Deployment', 'Job']),
  spec: z.looseObject({
    replicas: z.int().optional(),
    strategy: z.looseObject({ type: z.string() }).optional(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: podSchema,
    }),
  }),
});

export type Workload = z.infer<typeof workloadSchema>;
export type Container = z.infer<typeof containerSchema>;

export const workloadOf = (manifest: Manifest): Workload => workloadSchema.parse(manifest);

const peers = z.array(
  z.looseObject({ podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }).optional() }),
);
const policyPorts = z.array(z.looseObject({ port: z.int(), endPort: z.int().optional() }));
const policySchema = z.looseObject({
  spec: z.looseObject({
    podSelector: z.looseObject({
      matchLabels: z.record(z.string(), z.string()).optional(),
      matchExpressions: z
        .array(z.object({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
        .optional(),
    }),
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z.array(z.strictObject({ from: peers.optional(), ports: policyPorts })).optional(),
    egress: z.array(z.strictObject({ to: peers.optional(), ports: policyPorts })).optional(),
  }),
});

/** Who may call whom at which ports; `*` for any peer, `elsewhere` for everything outside this namespace. */
export type Edge = `${string} -> ${string}:${number | `${number}-${number}`}`;

const appName = 'app.kubernetes.io/name';

/** The edges that ingress rules allow, and those that egress rules allow. */
export function allowed(manifests: readonly Manifest[]): { ingress: Set<Edge>; egress: Set<Edge> } {
  const ingress = new Set<Edge>();
  const egress = new Set<Edge>();
  for (const manifest of manifests) {
    const { podSelector, ...spec } = policySchema.parse(manifest).spec;
    const named = podSelector.matchLabels?.[appName];
    const pods =
      named === undefined
        ? (podSelector.matchExpressions?.flatMap(({ values }) => values) ?? ['*'])
        : [named];
    for (const pod of pods) {
      for (const { from, ports } of spec.ingress ?? []) {
        for (const peer of namesOf(from))
          for (const at of ports.map(portsOf)) ingress.add(`${peer} -> ${pod}:${at}`);
      }
      for (const { to, ports } of spec.egress ?? []) {
        for (const peer of namesOf(to))
          for (const at of ports.map(portsOf)) egress.add(`${pod} -> ${peer}:${at}`);
      }
    }
  }
  return { ingress, egress };
}

const portsOf = ({ port, endPort }: z.infer<typeof policyPorts>[number]) =>
  endPort === undefined ? port : (`${port}-${endPort}` as const);

function namesOf(chosen: z.infer<typeof peers> | undefined): string[] {
  if (chosen === undefined) return ['*'];
  return chosen.map(({ podSelector }) => podSelector?.matchLabels[appName] ?? 'elsewhere');
}
