// Chance that is the same on every machine and in every run: what the dice show follows from words, such as the game's id
// and the number of the turn. Good enough for a game, and for nothing that somebody must not foresee.

/** @returns throws dice: a whole number from 0 to below `sides`, another one with every call. */
export function dice(...words: readonly (string | number)[]): (sides: number) => number {
  const text = words.join('/');
  let thrown = 0;
  return (sides) => {
    thrown += 1;
    return mixed(`${text}#${thrown}`) % sides;
  };
}

/** The same items in an order that the dice decide. */
export function shuffled<T>(items: readonly T[], roll: (sides: number) => number): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(roll(left.length), 1));
  return order;
}

/** FNV-1a, with its bits stirred once more, since of similar texts it changes the lower ones too little. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
