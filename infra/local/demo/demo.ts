// npm run demo: three players with keys of their own go through the gateway, from sign-in to a game that is played to
// its end. Uses the stack that `npm start` runs, or starts one of its own and stops it again. Exits non-zero if anything
// is not as it should be.
import { resolve } from 'node:path';
import type { Environment } from '../../../lib/config/variables.ts';
import { runProcess } from '../../../lib/node/process.ts';
import { readLocalConfig } from '../config.ts';
import { findRunning, type RunningStack } from '../running.ts';
import { localSecrets } from '../secrets.ts';
import { withOwnPlatform } from './own-platform.ts';
import { print } from './player.ts';
import { play } from './story.ts';

async function demo(environment: Environment): Promise<void> {
  const config = readLocalConfig(environment);
  const dataFolder = resolve(config.dataFolder);
  const running = await findRunning(dataFolder);
  if (running) {
    print(`Using the stack that runs already (process ${running.pid}).`);
    const { serviceToken } = await localSecrets(dataFolder);
    await playOn(running, serviceToken);
  } else {
    print('No stack is running here, so the demo starts its own and stops it at the end.');
    await withOwnPlatform(config, environment, playOn);
  }
}

function playOn(
  { httpUrl, grpcAddr, mailLog, adminUrl, gameMasterUrl, gameMasterPidFile }: RunningStack,
  adminToken: string,
): Promise<void> {
  return play({
    endpoints: { httpUrl, grpcAddr },
    mailLog,
    admin: { url: adminUrl, token: adminToken },
    gameMaster: { url: gameMasterUrl, token: adminToken, pidFile: gameMasterPidFile },
  });
}

await runProcess('demo', demo);
