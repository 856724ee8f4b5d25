// Files that are whole and there after a crash of the process or of the machine.
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces the file in one step: whoever reads it, at whatever moment, finds the old text or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
  await syncFolder(dirname(path));
}

/** What was renamed in a folder is kept only once the folder has been written, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
