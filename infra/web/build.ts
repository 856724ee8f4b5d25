// npm run build:web: writes dist/app and dist/boards, which GATEWAY_APP_FOLDER and GATEWAY_BOARDS_FOLDER may name.
import { join, relative } from 'node:path';
import { buildApp } from './build-app.ts';
import { buildBoards } from './build-boards.ts';

const root = join(import.meta.dirname, '..', '..');
const app = join(root, 'dist', 'app');

const built = [
  { folder: app, bytes: await buildApp(app) },
  ...(await buildBoards(join(root, 'dist', 'boards'))),
];
for (const { folder, bytes } of built) {
  console.log(`${relative(root, folder).padEnd(36)} ${`${(bytes / 1024).toFixed(0)} KiB`.padStart(9)}`);
}
