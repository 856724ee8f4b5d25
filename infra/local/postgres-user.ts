// PostgreSQL refuses to run as root. For root it runs in a user namespace, where the same owner of the same files has
// another name; where that is not possible, as an unprivileged user that keeps one right of root's: to pass folders
// such as /root that others cannot enter.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lastWords } from './processes.ts';

const run = promisify(execFile);
const nobody = 65534;

export type ServerUser = {
  /** What to put before a command line so that it runs as this user. */
  prefix: string[];
  /** Who the data must belong to; undefined: to the user of this process. */
  uid?: number;
};

/**
 * Finds a user as which PostgreSQL can run here. Data that already belong to a user keep that owner.
 * @param cluster its data, which may not exist yet, inside of `dataFolder`.
 * @throws Error when it cannot run as anybody, or the data belong to another user.
 */
export async function chooseServerUser(
  postgres: string,
  dataFolder: string,
  cluster: string,
): Promise<ServerUser> {
  const data = existsSync(cluster) ? cluster : dataFolder;
  const owner = (await stat(data)).uid;
  const self = process.getuid?.() ?? owner;
  if (self !== 0) {
    if (owner === self) return { prefix: [] };
    throw new Error(
      `${dataFolder} belongs to another user (uid ${owner}), perhaps after a start as root. ` +
        `Give it back with "sudo chown -R ${self} ${dataFolder}", or remove it.`,
    );
  }
  const candidates =
    owner === 0 || data === dataFolder ? [namespaced(), droppedTo(nobody)] : [droppedTo(owner)];
  const refusals: string[] = [];
  for (const user of candidates) {
    const refusal = await refusalOf(user, postgres, data);
    if (refusal === undefined) return user;
    refusals.push(refusal);
  }
  throw new Error(
    `PostgreSQL refuses to run as root, and this machine lets it run as no other user: ${refusals.join('; ')}. ` +
      'Run the same command as an ordinary user.',
  );
}

const namespaced = (): ServerUser => ({
  prefix: ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'],
});

const droppedTo = (uid: number): ServerUser => ({
  prefix: [
    ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
    // access(2) heeds the capability of a user other than root only with no_setuid_fixup.
    ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup', '--'],
  ],
  uid,
});

/** Tries what matters: run the program and write into the folder. Undefined when both work. */
async function refusalOf(user: ServerUser, postgres: string, folder: string): Promise<string | undefined> {
  const [file, ...args] = [...user.prefix, 'sh', '-c', '"$0" --version && test -w "$1"', postgres, folder];
  try {
    await run(file ?? 'sh', args);
    return undefined;
  } catch (error) {
    return lastWords(error);
  }
}

/** Makes a folder and all in it belong to the user that the server runs as. */
export async function giveTo(user: ServerUser, folder: string): Promise<void> {
  const owner = (await stat(folder)).uid;
  const wanted = user.uid ?? owner;
  if (owner !== wanted) await run('chown', ['-R', `${wanted}:${wanted}`, folder]);
}
