// Input for fuzz tests, made from one seed, so that a failure can be reproduced.
import fc from 'fast-check';
import { endHeaders, frame, RawHttp2 } from './raw-http2.ts';

/** From GALAXY_FUZZ_SEED, or random; test names contain it. */
export const fuzzSeed = Number(process.env.GALAXY_FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));

/** @returns the same samples in every run with the same seed. */
export function samples<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { seed: fuzzSeed, numRuns: count });
}

export const anyBytes = fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes));

/** Complete frames of any type, flags, stream and content. */
export const anyFrames = fc
  .array(
    fc
      .tuple(
        fc.nat(12),
        fc.oneof(fc.constant(endHeaders), fc.nat(255)),
        fc.nat(9),
        fc.uint8Array({ maxLength: 300 }),
      )
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload)),
    { minLength: 1, maxLength: 12 },
  )
  .map((frames) => Buffer.concat(frames));

/** A valid conversation that was cut short, had bits flipped, or both. */
export function damaged(valid: Buffer): fc.Arbitrary<Buffer> {
  const flips = fc.array(fc.nat(valid.length * 8 - 1), { maxLength: 8 });
  return fc.tuple(flips, fc.oneof(fc.constant(valid.length), fc.nat(valid.length))).map(([bits, end]) => {
    const copy = Buffer.from(valid);
    for (const bit of bits) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.subarray(0, end);
  });
}

/** Sends each input on a connection of its own, some at a time, and ignores the responses. */
export async function sendAll(addr: string, inputs: readonly Buffer[]): Promise<void> {
  const waiting = [...inputs];
  const pourOne = async () => {
    for (let input = waiting.pop(); input !== undefined; input = waiting.pop()) {
      const connection = await RawHttp2.connect(addr);
      connection.send(input);
      connection.socket.end();
      await connection.untilQuiet(60);
      connection.destroy();
    }
  };
  await Promise.all(Array.from({ length: 24 }, pourOne));
}
