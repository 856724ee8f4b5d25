// npm run generate: makes every generated file of the repository again from its source.
//   --check   changes nothing and fails when a file is not what its source says
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { clientApi } from './client-api.ts';
import { configurationPage } from './configuration-page.ts';
import { dashboards } from './dashboards.ts';
import { envelopeVectors } from './envelope-vectors.ts';
import { errorsPage } from './errors-page.ts';
import { eventsPage, eventTypesJson } from './event-types.ts';
import { lobbyApiPage } from './lobby-api.ts';
import { messageTypesJson, messageTypesPage } from './message-types.ts';
import {
  backendAdminDocument,
  backendServiceDocument,
  gameMasterInternalDocument,
  lobbyInternalDocument,
  lobbyPublicDocument,
} from './openapi-documents.ts';
import { refusedVectors } from './refused-vectors.ts';
import { workerdConfigurations } from './workerd-configurations.ts';

const root = join(import.meta.dirname, '..', '..');
const protocolFolder = 'lib/protocol/generated';

/** Path from the root → text. */
type Files = Map<string, string>;

async function generateAll(): Promise<Files> {
  return new Map([
    ...(await protocolFiles()),
    ['proto/vectors/envelope-v1.json', envelopeVectors()],
    ['proto/vectors/refused-v1.json', refusedVectors()],
    ['proto/message-types.json', messageTypesJson()],
    ['docs/message-types.md', messageTypesPage()],
    ['proto/event-types.json', eventTypesJson()],
    ['lib/client/generated/api.ts', await clientApi()],
    ['docs/events.md', eventsPage(await readFile(join(root, 'docs/events.md'), 'utf8'))],
    ['docs/configuration.md', configurationPage()],
    ['docs/errors.md', errorsPage()],
    ['proto/openapi/lobby-public.json', documentText(lobbyPublicDocument())],
    ['proto/openapi/backend-service.json', documentText(backendServiceDocument())],
    ['proto/openapi/backend-admin.json', documentText(backendAdminDocument())],
    ['proto/openapi/lobby-internal.json', documentText(lobbyInternalDocument())],
    ['proto/openapi/game-master-internal.json', documentText(gameMasterInternalDocument())],
    ['docs/lobby-api.md', lobbyApiPage()],
    ...dashboards(),
    ...workerdConfigurations(),
  ]);
}

const documentText = (document: object) => `${JSON.stringify(document, null, 2)}\n`;

/** TypeScript from the .proto files: for gRPC by ts-proto, for the web listener by protoc-gen-es. */
async function protocolFiles(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-proto-'));
  try {
    // The template's `out` is relative to the folder that buf writes to.
    const out = join(folder, 'proto');
    for (const template of ['buf.gen.yaml', 'buf.gen.web.yaml']) {
      const args = ['generate', '--template', template, '--output', out];
      await promisify(execFile)('buf', args, { cwd: join(root, 'proto') });
    }
    const made = join(folder, protocolFolder);
    const names = (await readdir(made, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const files = names.map(
      async (name): Promise<[string, string]> => [
        join(protocolFolder, name),
        await readFile(join(made, name), 'utf8'),
      ],
    );
    return new Map(await Promise.all(files));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(check: boolean): Promise<number> {
  const files = await generateAll();
  const stale: string[] = [];
  for (const [path, text] of files) {
    const current = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (current === text) continue;
    stale.push(path);
    if (check) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  if (stale.length === 0) console.log(`${files.size} generated files are up to date.`);
  else if (check)
    console.error(`Not what their sources say:\n  ${stale.join('\n  ')}\nRun: npm run generate`);
  else console.log(`Written:\n  ${stale.join('\n  ')}`);
  return check && stale.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.includes('--check'));
