/** The largest whole number whose square is not above `value`, exact for values of any size. */
export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  // Newton's method from above the root falls until it is there.
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
