// npm run build:boards: writes dist/boards, which GATEWAY_BOARDS_FOLDER may name.
import { join, relative } from 'node:path';
import { buildBoards } from './build-boards.ts';

const root = join(import.meta.dirname, '..', '..');

for (const { folder, bytes } of await buildBoards(join(root, 'dist', 'boards'))) {
  console.log(`${relative(root, folder).padEnd(36)} ${`${(bytes / 1024).toFixed(0)} KiB`.padStart(9)}`);
}
