// The manifests against Kubernetes' own schemas, as the package kubernetes-models has them: its validators hold values
// against them, and its types, by the compiler, refuse fields that Kubernetes does not know.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, PersistentVolumeClaim, Service } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/run/deployed-processes.ts';
import { type Manifest, readKustomization, readManifests } from '../../support/run/manifests.ts';

type Model = new (data: never) => { validate(): void };

const models: Record<string, [module: string, model: Model]> = {
  'apps/v1 Deployment': ['apps/v1', Deployment],
  'autoscaling/v2 HorizontalPodAutoscaler': ['autoscaling/v2', HorizontalPodAutoscaler],
  'batch/v1 Job': ['batch/v1', Job],
  'networking.k8s.io/v1 Ingress': ['networking.k8s.io/v1', Ingress],
  'networking.k8s.io/v1 NetworkPolicy': ['networking.k8s.io/v1', NetworkPolicy],
  'policy/v1 PodDisruptionBudget': ['policy/v1', PodDisruptionBudget],
  'v1 ConfigMap': ['v1', ConfigMap],
  'v1 Namespace': ['v1', Namespace],
  'v1 PersistentVolumeClaim': ['v1', PersistentVolumeClaim],
  'v1 Service': ['v1', Service],
};

function modelOf({ apiVersion, kind }: Manifest): [module: string, model: Model] {
  const found = models[`${apiVersion} ${kind}`];
  if (found === undefined) throw new Error(`this test has no schema for ${apiVersion} ${kind}`);
  return found;
}

const files = [
  ...readKustomization('base').resources.map((file) => `base/${file}`),
  ...readKustomization('overlays/example')
    .resources.filter((file) => file.endsWith('.yaml'))
    .map((file) => `overlays/example/${file}`),
];
const manifests = files.flatMap((file) =>
  readManifests(file).map((manifest) => ({
    place: `${file}: ${manifest.kind} ${manifest.metadata.name}`,
    manifest,
  })),
);

/** What the compiler says of manifests that are written down with their types. */
function fieldsThatNobodyKnows(documents: readonly Manifest[]): string {
  mkdirSync(join(root, '.galaxy'), { recursive: true });
  const folder = mkdtempSync(join(root, '.galaxy', 'manifests-'));
  try {
    const lines = documents.map((document, index) => {
      const type = `import('kubernetes-models/${modelOf(document)[0]}').I${document.kind}`;
      return `export const document${index}: ${type} = ${JSON.stringify(document)};`;
    });
    writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--pretty', 'false'];
    const modules = ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'esnext'];
    const compiler = join(root, 'node_modules/.bin/tsc');
    execFileSync(compiler, [...options, ...modules, join(folder, 'manifests.ts')], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout ?? error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('every manifest', () => {
  it.each(manifests)('$place has the values that its fields may have', ({ manifest }) => {
    const [, ValidatedModel] = modelOf(manifest);
    new ValidatedModel(manifest as never).validate();
  });

  it('has no field that Kubernetes does not know', () => {
    expect(manifests.length).toBeGreaterThan(45);
    expect(fieldsThatNobodyKnows(manifests.map(({ manifest }) => manifest))).toBe('');
  });
});

it('notices a value of the wrong kind and a field with a typing error', () => {
  const [good] = readManifests('base/games.yaml').map((manifest) => structuredClone(manifest));
  if (good === undefined) throw new Error('games.yaml is empty');
  const spec = good.spec as { replicas: unknown };
  const wrong = { ...good, spec: { ...spec, replicas: 'one' } };
  expect(() => new Deployment(wrong as never).validate()).toThrow('replicas');
  expect(fieldsThatNobodyKnows([{ ...good, spec: { ...spec, replica: 1 } }])).toContain('"replica"');
});
