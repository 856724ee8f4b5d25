// An hour in which networks guess codes, flood mailboxes and keep a person out, against three gateways and three backends.
//   npm run attack                     one network for an hour; takes some seconds
//   npm run attack -- --networks 3     three at a time
//   npm run attack -- --minutes 5      less of the hour
//   npm run attack -- --strangers 300  tries at most that many mailboxes of strangers
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { backendVariables } from '../../lib/backend/config.ts';
import { runProcess } from '../../lib/node/process.ts';
import { type Achieved, Attacker, newAchieved } from './attacker.ts';
import { Device } from './device.ts';
import { type Platform, startPlatform } from './platform.ts';

const victim = 'victim@example.com';
const victimAt = '198.51.100.10';
/** Where the victim is with a device that never signed in. */
const elsewhere = '198.51.100.20';
const hourMs = 3_600_000;
/** As many as a gateway takes from one address. */
const requestsPerSecond = 5;
const signInEveryS = 600;

type SignIns = { tried: number; succeeded: number };
type Outcome = { achieved: Achieved; known: SignIns; unknown: SignIns };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      networks: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '60' },
      strangers: { type: 'string', default: 'Infinity' },
    },
  });
  const [networks, minutes] = [Number(values.networks), Number(values.minutes)];
  const mostStrangers = Number(values.strangers);
  const running = new AsyncDisposableStack();
  try {
    const platform = await startPlatform(running);
    const outcome = await attack(platform, { networks, minutes, mostStrangers });
    process.stderr.write('\n');
    report(platform, outcome, networks, minutes);
    check(platform, outcome, networks);
  } finally {
    await running.disposeAsync();
  }
}

async function attack(
  platform: Platform,
  { networks, minutes, mostStrangers }: { networks: number; minutes: number; mostStrangers: number },
): Promise<Outcome> {
  const owner = new Device(platform);
  assert(await owner.signIn(victim, victimAt, 0), 'the owner could not sign in before the attack');
  // That mail counts no more.
  platform.clock += hourMs;
  const achieved = newAchieved();
  const attackers = Array.from(
    { length: networks },
    (_, index) => new Attacker(platform, { from: `203.0.113.${index + 1}`, victim, mostStrangers, achieved }),
  );
  const known: SignIns = { tried: 0, succeeded: 0 };
  const unknown: SignIns = { tried: 0, succeeded: 0 };
  for (let second = 0; second < minutes * 60; second += 1) {
    const most = second === 0 ? 50 : requestsPerSecond;
    await Promise.all(
      attackers.flatMap((attacker) =>
        Array.from({ length: platform.gateways }, (_, gateway) => attacker.send(gateway, most)),
      ),
    );
    if (second % signInEveryS === 30) {
      const gateway = second % platform.gateways;
      await signIn(known, () => owner.signIn(victim, victimAt, gateway));
      await signIn(unknown, () => new Device(platform).signIn(victim, elsewhere, gateway));
    }
    if (second % 60 === 59) {
      await platform.deliver();
      process.stderr.write(`minute ${(second + 1) / 60} of ${minutes}\r`);
    }
    platform.clock += 1_000;
  }
  return { achieved, known, unknown };
}

async function signIn(counted: SignIns, device: () => Promise<boolean>): Promise<void> {
  counted.tried += 1;
  if (await device()) counted.succeeded += 1;
}

const total = (counts: Iterable<{ short: number; long: number }>) =>
  [...counts].reduce((sum, { short, long }) => ({ short: sum.short + short, long: sum.long + long }), {
    short: 0,
    long: 0,
  });

const probability = ({ short, long }: { short: number; long: number }) => short / 1e8 + long / 1e12;

function mailsTo(platform: Platform, address: string) {
  const kinds = [...platform.mails.values()]
    .filter(({ to }) => to === address)
    .map(({ content }) => content.kind);
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  return { codes: count('sign_in_code'), notices: count('wrong_codes') };
}

function report(
  platform: Platform,
  { achieved, known, unknown }: Outcome,
  networks: number,
  minutes: number,
) {
  const ofVictim = achieved.judged.get(victim) ?? { short: 0, long: 0 };
  const ofAll = total(achieved.judged.values());
  const { codes, notices } = mailsTo(platform, victim);
  const guesses = (counts: { short: number; long: number }) =>
    `${counts.short} of 8 digits, ${counts.long} of 12; one is right with a probability of ${probability(counts).toExponential(1)}`;
  const lines = [
    ['networks, minutes', `${networks}, ${minutes}`],
    ['requests of the attack', achieved.requests],
    ['codes judged for the victim', guesses(ofVictim)],
    ['codes judged for all accounts', `${guesses(ofAll)}; of ${achieved.judged.size} addresses`],
    ['mails to strangers', achieved.mailsToStrangers],
    ['mails to the victim', `${codes} codes, ${notices} about wrong codes`],
    ['sign-ins of the victim, known device', `${known.succeeded} of ${known.tried} at once`],
    ['sign-ins of the victim, new device elsewhere', `${unknown.succeeded} of ${unknown.tried} at once`],
  ];
  for (const [what, value] of lines) process.stdout.write(`${what}: ${value}\n`);
}

function check(platform: Platform, { achieved, known }: Outcome, networks: number): void {
  const { maxWrongCodesPerNetwork } = backendVariables.signIn;
  const all = total(achieved.judged.values());
  assert.equal(achieved.signedIn, 0, 'a code was guessed');
  assert(
    all.short + all.long <= Number(maxWrongCodesPerNetwork.fallback) * networks,
    'a network had more codes judged than its budget',
  );
  assert(known.tried > 0 && known.succeeded === known.tried, 'the owner was kept out on a known device');
  assert(mailsTo(platform, victim).notices <= 1, 'the owner got more than one mail a day about wrong codes');
}

if (import.meta.main) await runProcess('attack', main);
