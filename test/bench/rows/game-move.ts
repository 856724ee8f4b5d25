// game.move: from the sending of an order of the seat to move until the other player's client has the event of the new
// turn, over the whole real way of `npm start`: gateway, Game Master, lobby, engine, PostgreSQL, Redis, backend. There is
// no floor to hold it against.
import { findRunning } from '../../../infra/local/running.ts';
import type { Row } from '../entry.ts';
import { percentile, round } from '../measure.ts';
import { NpmStart } from '../npm-start.ts';
import { startPeer } from '../peer.ts';
import type { MatchLoadCalls } from '../peers/match-load.ts';

/** A session may send ten requests a second that change something. */
const betweenMovesMs = 100;

export const gameMove: Row = {
  name: 'game.move',
  async run(bench, running) {
    const npm = await NpmStart.prepare(bench);
    await npm.start(running);
    const stack = await findRunning(npm.dataFolder);
    if (stack === undefined) throw new Error('npm start does not say where it listens');
    const load = await startPeer<MatchLoadCalls>('match-load', bench.cores?.load, running);
    running.defer(() => load.call('close'));
    await load.call('signIn', { httpUrl: stack.httpUrl, grpcAddr: stack.grpcAddr }, stack.mailLog);
    for (let match = 0; match < bench.scale.warmUps; match += 1) await load.call('playMatch', betweenMovesMs);
    const event: number[] = [];
    const response: number[] = [];
    for (let match = 0; match < bench.scale.matches; match += 1) {
      const latencies = await load.call('playMatch', betweenMovesMs);
      event.push(...latencies.event);
      response.push(...latencies.response);
    }
    return {
      p50_ms: round(percentile(event, 0.5)),
      p99_ms: round(percentile(event, 0.99)),
      n: event.length,
      note:
        `${bench.scale.matches} matches of four in a row, one move at a time, at most ${1000 / betweenMovesMs} a second; ` +
        `the player who moves has the response after ${round(percentile(response, 0.5))} ms, ` +
        `p99 ${round(percentile(response, 0.99))} ms`,
    };
  },
};
