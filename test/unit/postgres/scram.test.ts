import { expect, it } from 'vitest';
import { respondToScram } from '../../../lib/postgres/scram.ts';

// That PostgreSQL accepts it is shown by test/integration/drivers/postgres.test.ts.
it.each([
  ['r=mine,s=c2FsdA==,i=4096', 'nonce of its own'],
  ['r=other,s=c2FsdA==,i=4096', 'nonce of its own'],
  ['nonsense', 'nonce of its own'],
  ['r=mine-and-more,s=c2FsdA==,i=100001', 'at most 100000'],
  ['r=mine-and-more,s=c2FsdA==,i=0', 'at most 100000'],
])('gives a server that says %s no proof of the password', async (serverFirst, why) => {
  await expect(respondToScram('secret', 'mine', serverFirst)).rejects.toThrow(why);
});
