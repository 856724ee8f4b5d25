// npm run build:web: writes dist/app and dist/boards, or the same into another folder that is named, for
// GATEWAY_APP_FOLDER and GATEWAY_BOARDS_FOLDER.
import { join, relative, resolve } from 'node:path';
import { buildApp } from './build-app.ts';
import { buildBoards } from './build-boards.ts';

const root = join(import.meta.dirname, '..', '..');
const target = resolve(process.argv[2] ?? join(root, 'dist'));
const app = join(target, 'app');

const built = [{ folder: app, bytes: await buildApp(app) }, ...(await buildBoards(join(target, 'boards')))];
for (const { folder, bytes } of built) {
  console.log(`${relative(root, folder).padEnd(36)} ${`${(bytes / 1024).toFixed(0)} KiB`.padStart(9)}`);
}
