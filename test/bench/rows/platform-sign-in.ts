// platform.sign_in: what a sign-in of a new player costs, from the request of a code to the session: two requests, a mail that
// the mailer writes to its log, and a key's proof. There is no floor to hold it against.
import type { Row } from '../entry.ts';
import { median, rate, round } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { SignInLoadCalls } from '../peers/sign-in-load.ts';
import { cpuShares, startWholePlatform, withCpu } from '../whole-platform.ts';

/** The database bounds sign-ins; more in flight are refused as unavailable. */
const inFlight = 8;

export const platformSignIn: Row = {
  name: 'platform.sign_in',
  async run(bench, running) {
    const { scale } = bench;
    const platform = await startWholePlatform(bench, running);
    const load = await startPeer<SignInLoadCalls>('sign-in-load', bench.cores?.load, running);
    const signIns = () =>
      withCpu(bench, platform.pids, () =>
        load.call('run', platform.httpUrl, platform.mailLog, inFlight, scale.roundMs),
      );
    for (let warmUp = 0; warmUp < scale.warmUps; warmUp += 1) await signIns();
    const rounds = [];
    for (let index = 0; index < scale.rounds; index += 1) rounds.push(await signIns());
    const cpu = rounds.flatMap(({ cpuMicros, n }) => (cpuMicros === undefined ? [] : [cpuMicros / n]));
    return {
      ops_per_s: round(median(rounds.map(rate))),
      p50_ms: round(median(rounds.map(({ p50Ms = Number.NaN }) => p50Ms))),
      p99_ms: round(median(rounds.map(({ p99Ms = Number.NaN }) => p99Ms))),
      ...(cpu.length === 0 ? {} : { cpu_us_per_op: round(median(cpu)) }),
      n: rounds.reduce((total, { n }) => total + n, 0),
      note: `${inFlight} in flight; CPU in µs per operation: ${cpuShares(rounds)}`,
    };
  },
};
