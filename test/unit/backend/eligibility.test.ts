import { describe, expect, it } from 'vitest';
import {
  type EntitlementOverrides,
  type Entitlements,
  eligibilityOf,
} from '../../../lib/backend/domain/eligibility.ts';

const defaults: Entitlements = {
  canCreatePublicGame: true,
  canCreatePrivateGame: false,
  canJoinGame: true,
  maxOwnedGames: 10,
  maxActiveMemberships: 20,
  maxRegisteredRaceNames: 3,
};
const noOverrides: EntitlementOverrides = {
  canCreatePublicGame: null,
  canCreatePrivateGame: null,
  canJoinGame: null,
  maxOwnedGames: null,
  maxActiveMemberships: null,
  maxRegisteredRaceNames: null,
};
const nothing: Entitlements = {
  canCreatePublicGame: false,
  canCreatePrivateGame: false,
  canJoinGame: false,
  maxOwnedGames: 0,
  maxActiveMemberships: 0,
  maxRegisteredRaceNames: 0,
};
const active = { blockedAt: null, deletedAt: null };
const at = new Date('2026-01-31T12:00:00.000Z');
const generous: EntitlementOverrides = { ...defaults, canCreatePrivateGame: true };

describe('eligibility', () => {
  it('is the defaults for a user without entitlements of their own', () => {
    const expected = { exists: true, permanentBlock: false, ...defaults };
    expect(eligibilityOf(active, undefined, defaults)).toEqual(expected);
    expect(eligibilityOf(active, noOverrides, defaults)).toEqual(expected);
  });

  it('takes each entitlement of the user before the default, also where it takes something away', () => {
    const overrides = { ...noOverrides, canCreatePrivateGame: true, canJoinGame: false, maxOwnedGames: 0 };
    expect(eligibilityOf(active, overrides, defaults)).toEqual({
      exists: true,
      permanentBlock: false,
      ...defaults,
      canCreatePrivateGame: true,
      canJoinGame: false,
      maxOwnedGames: 0,
    });
  });

  it('is nothing for a blocked user, whatever they were granted', () => {
    expect(eligibilityOf({ ...active, blockedAt: at }, generous, defaults)).toEqual({
      exists: true,
      permanentBlock: true,
      ...nothing,
    });
  });

  it('is empty for unknown and for deleted users, blocked ones too', () => {
    const unknown = { exists: false, permanentBlock: false, ...nothing };
    expect(eligibilityOf(undefined, undefined, defaults)).toEqual(unknown);
    expect(eligibilityOf({ blockedAt: null, deletedAt: at }, generous, defaults)).toEqual(unknown);
    expect(eligibilityOf({ blockedAt: at, deletedAt: at }, generous, defaults)).toEqual(unknown);
  });
});
