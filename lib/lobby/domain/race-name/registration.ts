// When a race name can be registered, so that its player has it beyond the game that it comes from.
import type { NameKeys } from '../../../names/keys.ts';
import type { HeldRaceName } from './held.ts';

export type RegistrationProblem = {
  readonly code: 'invalid_state';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
};

/** The registered name that counts as the one with these keys, if any. */
export function registeredAs(keys: NameKeys, registered: readonly HeldRaceName[]): HeldRaceName | undefined {
  return registered.find(({ folded, skeleton }) => folded === keys.folded || skeleton === keys.skeleton);
}

/**
 * Why `held` cannot be registered now, apart from the player's limit.
 * @param registered what the player has registered so far.
 */
export function registrationProblem(
  held: HeldRaceName,
  registered: readonly HeldRaceName[],
  now: Date,
): RegistrationProblem | undefined {
  const refuse = (why: string, details = {}): RegistrationProblem => ({
    code: 'invalid_state',
    message: `The race name ${JSON.stringify(held.name)} ${why}`,
    details: { kind: held.kind, ...details },
  });
  const same = registeredAs(held, registered);
  if (same !== undefined) {
    const as = same.name === held.name ? '' : ` as ${JSON.stringify(same.name)}`;
    return refuse(`is registered already${as}.`, { registered_race_name_id: same.raceNameId });
  }
  if (held.registerUntil === null) {
    return refuse('is reserved for a game. It can be registered when that is over, if you did well.');
  }
  if (held.registerUntil <= now) {
    const until = held.registerUntil.toISOString();
    return refuse(`could be registered until ${until}; that is over.`, { register_until: until });
  }
  return undefined;
}
