// Random histories of users with look-alike names, in transactions that commit or are rolled back, savepoints included:
// both backends of the Race Name Directory are held to one simple model after every step.
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HeldRaceName } from '../../../lib/lobby/domain/race-name/held.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { raceNameBackends } from '../../support/lobby/lobby.ts';
import { createTestRaceNames, type TestRaceNames } from '../../support/lobby/race-names.ts';

const userCount = 3;
const gameCount = 4;
/** Some of them the same under both keys, some under one, some under none. */
const raceNames = [
  'Paola',
  'PAOLA',
  'Pаola',
  'РAOLA',
  'Orion',
  '0rion',
  'Oriоn',
  'ориоn',
  'Warning',
  'Waming',
];
const epoch = Date.UTC(2031, 0, 1);

type Operation =
  | { do: 'reserve'; user: number; game: number; name: string }
  | { do: 'release'; user: number; game: number }
  /** The nth of the model's names of the kind that this can be done to, counted round. */
  | { do: 'allow'; nth: number; until: number }
  | { do: 'register'; nth: number }
  | { do: 'releaseGame'; game: number }
  | { do: 'releaseUser'; user: number }
  | { do: 'expire'; now: number }
  | { do: 'isFreeFor'; user: number; name: string };
type Step = Operation | Block;
/** A transaction, or a savepoint in one. */
type Block = { do: 'block'; steps: Step[]; rollsBack: boolean };

const user = fc.nat(userCount - 1);
const game = fc.nat(gameCount - 1);
const name = fc.constantFrom(...raceNames);
const nth = fc.nat(20);
const second = fc.nat(9);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), user, game, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), user, game }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('allow' as const), nth, until: second }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('releaseGame' as const), game }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('releaseUser' as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), now: second }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('isFreeFor' as const), user, name }) },
);
const blockOf = (step: fc.Arbitrary<Step>, maxLength: number): fc.Arbitrary<Block> =>
  fc.record({
    do: fc.constant('block' as const),
    steps: fc.array(step, { minLength: 1, maxLength }),
    rollsBack: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 0),
  });
const savepoint = blockOf(
  fc.oneof({ weight: 4, arbitrary: operation }, { weight: 1, arbitrary: blockOf(operation, 3) }),
  3,
);
const transaction = blockOf(
  fc.oneof({ weight: 4, arbitrary: operation }, { weight: 1, arbitrary: savepoint }),
  4,
);
const history = fc.array(transaction, { minLength: 10, maxLength: 25 });

type ModelName = {
  user: number;
  game: number;
  name: string;
  kind: HeldRaceName['kind'];
  until: number | null;
};

/** Every name that somebody holds; what a block changes is a new list. */
type Model = readonly ModelName[];

function isFree(model: Model, user: number, name: string): boolean {
  const keys = nameKeys(name);
  return model.every((held) => {
    const { folded, skeleton } = nameKeys(held.name);
    return held.user === user || (folded !== keys.folded && skeleton !== keys.skeleton);
  });
}

function nthOf(model: Model, kind: HeldRaceName['kind'], nth: number): ModelName | undefined {
  const ofKind = model.filter((held) => held.kind === kind);
  return ofKind[nth % ofKind.length];
}

function replace(model: Model, held: ModelName, changes: Partial<ModelName>): Model {
  return model.map((one) => (one === held ? { ...held, ...changes } : one));
}

class RolledBack extends Error {}

describe.each(raceNameBackends)('any history of race names (%s)', (backend) => {
  let names: TestRaceNames;
  let games: string[];
  beforeAll(async () => {
    names = await createTestRaceNames(backend);
    games = await Promise.all(Array.from({ length: gameCount }, () => names.newGame()));
  });
  afterAll(() => names.close());

  test('leaves every name with whom the model says, and every key with one user, as long as a name has it', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(history, async (transactions) => {
        // New users in each run, so that what failed in one does not fail the shrinking of it.
        const users = Array.from({ length: userCount }, () => uuidv7());
        const world = { users, games, names, seen };
        let model: Model = [];
        try {
          for (const block of transactions) {
            model = await runBlock(world, names.lobby.db, block, model);
            expect(await heldBy(world)).toEqual(model.map(shown).toSorted());
            await expectKeysToMatch(world, model);
          }
        } finally {
          await names.inTransaction(async (tx) => {
            for (const userId of users) await names.directory.releaseUser(tx, userId);
          });
        }
        await expectKeysToMatch(world, []);
      }),
      { numRuns: backend === 'stub' ? 60 : 12 },
    );
    // Otherwise the histories would show nothing.
    for (const event of [
      'reserved',
      'taken',
      'second name refused',
      'registered',
      'expired',
      'rolled back',
    ]) {
      expect(seen).toContain(event);
    }
  }, 120_000);
});

type World = { users: string[]; games: string[]; names: TestRaceNames; seen: Set<string> };

/** @returns the model after the block. */
async function runBlock(
  world: World,
  db: Pick<Tx, 'transaction'>,
  { steps, rollsBack }: Block,
  before: Model,
): Promise<Model> {
  try {
    return await db.transaction(async (tx) => {
      let model = before;
      for (const step of steps) {
        model =
          step.do === 'block' ? await runBlock(world, tx, step, model) : await run(world, tx, step, model);
      }
      if (rollsBack) throw new RolledBack();
      return model;
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    world.seen.add('rolled back');
    return before;
  }
}

/** Does it in the directory and in the model, and compares what both answer. */
async function run(world: World, tx: Tx, step: Operation, model: Model): Promise<Model> {
  const { names, seen } = world;
  const { directory } = names;
  const userOf = ({ user }: { user: number }) => world.users[user] ?? '';
  const gameOf = ({ game }: { game: number }) => world.games[game] ?? '';
  const at = (second: number) => new Date(epoch + second * 1_000);
  const isOf = (place: { user: number; game: number }) => (held: ModelName) =>
    held.user === place.user && held.game === place.game;

  switch (step.do) {
    case 'isFreeFor':
      expect(await names.isFreeFor(userOf(step), step.name, tx)).toBe(isFree(model, step.user, step.name));
      return model;
    case 'reserve': {
      const reserve = names.reserve(tx, userOf(step), gameOf(step), step.name);
      if (!isFree(model, step.user, step.name)) {
        expect(await reserve).toBe('taken');
        seen.add('taken');
        throw new RolledBack();
      }
      if (model.some(isOf(step))) {
        await expect(reserve).rejects.toThrow();
        seen.add('second name refused');
        throw new RolledBack();
      }
      expect(await reserve).toBe('reserved');
      seen.add('reserved');
      const { user, game, name } = step;
      return [...model, { user, game, name, kind: 'reservation', until: null }];
    }
    case 'release':
      await directory.release(tx, { userId: userOf(step), gameId: gameOf(step) });
      return model.filter((held) => !isOf(step)(held));
    case 'releaseGame':
      await directory.releaseGame(tx, gameOf(step));
      return model.filter((held) => held.game !== step.game || held.kind !== 'reservation');
    case 'releaseUser':
      await directory.releaseUser(tx, userOf(step));
      return model.filter((held) => held.user !== step.user);
    case 'allow': {
      const held = nthOf(model, 'reservation', step.nth);
      const place = held ?? { user: 0, game: 0 };
      const holder = { userId: userOf(place), gameId: gameOf(place) };
      const allow = directory.allowRegistration(tx, holder, at(step.until));
      if (held === undefined) {
        await expect(allow).rejects.toThrow('has reserved no race name');
        return model;
      }
      await allow;
      return replace(model, held, { kind: 'pending_registration', until: step.until });
    }
    case 'register': {
      const held = nthOf(model, 'pending_registration', step.nth);
      if (held === undefined) return model;
      const page = { size: gameCount, after: undefined };
      const { items } = await directory.list(tx, userOf(held), held.kind, page);
      const raceNameId = items.find(({ gameId }) => gameId === gameOf(held))?.raceNameId ?? '';
      expect(await directory.lock(tx, userOf(held), raceNameId)).toMatchObject({ name: held.name });
      await directory.register(tx, raceNameId, at(0));
      seen.add('registered');
      return replace(model, held, { kind: 'registered', until: null });
    }
    case 'expire': {
      const due = await directory.listExpired(tx, at(step.now), 100);
      const isDue = ({ until }: ModelName) => until !== null && until <= step.now;
      const expired = await directory.expire(
        tx,
        due.map(({ raceNameId }) => raceNameId),
        at(step.now),
      );
      expect(expired.map((held) => shownAsHeld(world, held)).toSorted()).toEqual(
        model.filter(isDue).map(shown).toSorted(),
      );
      if (expired.length > 0) seen.add('expired');
      return model.filter((held) => !isDue(held));
    }
  }
}

const shown = ({ user, game, name, kind, until }: ModelName) => `${user} ${game} ${name} ${kind} ${until}`;

function shownAsHeld(world: World, { userId, gameId, name, kind, registerUntil }: HeldRaceName): string {
  return shown({
    user: world.users.indexOf(userId),
    game: world.games.indexOf(gameId),
    name,
    kind,
    until: registerUntil === null ? null : (registerUntil.getTime() - epoch) / 1_000,
  });
}

async function heldBy(world: World): Promise<string[]> {
  const held = await Promise.all(world.users.map(world.names.list));
  return held
    .flat()
    .map((one) => shownAsHeld(world, one))
    .toSorted();
}

/** A stranger can have exactly what shares no key with a name that is held. */
async function expectKeysToMatch({ names, users }: World, model: Model): Promise<void> {
  const stranger = users.length;
  const free = await Promise.all(raceNames.map((name) => names.isFreeFor(uuidv7(), name)));
  expect(raceNames.filter((_, index) => free[index])).toEqual(
    raceNames.filter((name) => isFree(model, stranger, name)),
  );
}
