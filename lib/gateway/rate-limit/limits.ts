// The gateway's rate limits: signed requests by address, device session and user; sign-in by address, e-mail address
// and challenge. They are in memory, so every replica counts for itself.
import { randomBytes } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { Values } from '../../config/variables.ts';
import { Refusal } from '../../errors/table.ts';
import { addressBlock, boundedBlock } from '../../http/client-address.ts';
import type { Rate } from '../../rate-limit/rate.ts';
import { TokenBuckets } from '../../rate-limit/token-buckets.ts';
import type { RequestLimits } from '../commands/admission.ts';
import { RejectedError, type Rejection } from '../domain/rejection.ts';
import type { MessageClass } from '../domain/routes.ts';
import { type RateLimit, requestRateLimited } from '../instruments.ts';
import { UnverifiedRequests } from './unverified-requests.ts';
import type { rateLimitVariables } from './variables.ts';
import { VerifiedPairs } from './verified-pairs.ts';

/** Each throws a Refusal `rate_limited` that says when to retry, or returns. */
export type SignInLimits = {
  address(clientAddress: string): void;
  /**
   * @param email normalised.
   * @param knownDevice the session of a device that claims to have signed in before, which the gateway cannot check.
   */
  email(email: string, clientAddress: string, knownDevice?: string): void;
  /** @param challengeId in lower case. */
  challenge(challengeId: string): void;
  /** @param email normalised. */
  recovery(email: string, clientAddress: string): void;
};

type Rates = Values<typeof rateLimitVariables>;

export type Limits = { requests: RequestLimits; signIn: SignInLimits };

type Limit = Pick<TokenBuckets, 'take' | 'hold' | 'keep' | 'giveBack'>;

const noLimit: Limit = { take: () => 0, hold: () => 0, keep: () => {}, giveBack: () => {} };

/**
 * @param trusted the proxies whose own addresses stand for many clients.
 * @param now milliseconds of a monotonic clock.
 */
export function createLimits(
  rates: Rates,
  trusted: BlockList | undefined,
  now: () => number = () => performance.now(),
): Limits {
  const limit: CreateLimit = (rate) => (rate === 'off' ? noLimit : new TokenBuckets(rate, randomBytes(8)));
  const unverified = unverifiedLimit(limit(rates.grpcUnverified), trusted, now);
  return {
    requests: { ...requestLimits(rates, limit, now), unverified },
    signIn: signInLimits(rates, limit, now),
  };
}

type CreateLimit = (rate: Rate | 'off') => Limit;

/**
 * A look-up takes a token of its address until a valid signature is seen, or the platform has failed. Pairs of address
 * and session that had one lately need none and wait apart, so strangers who use up an address do not lock its players
 * out.
 */
function unverifiedLimit(
  lookUps: Limit,
  trusted: BlockList | undefined,
  now: () => number,
): RequestLimits['unverified'] {
  const [requestsOfStrangers, requestsOfPlayers] = [new UnverifiedRequests(), new UnverifiedRequests()];
  const pairs = new VerifiedPairs(randomBytes(8));
  return (clientAddress, { deviceSessionId, payloadBytes }) => {
    const address = addressBlock(clientAddress);
    const pair = `${address} ${deviceSessionId}`;
    const known = pairs.has(pair, now());
    const requests = known ? requestsOfPlayers : requestsOfStrangers;
    const release = requests.take(boundedBlock(clientAddress, trusted), payloadBytes.length);
    const waitMs = known ? 0 : lookUps.hold(address, now());
    if (waitMs > 0) {
      release();
      refuseRequest(waitMs, 'unverified', 'requests without a valid session and signature from this address');
    }
    return (outcome) => {
      release();
      if (outcome === 'verified') pairs.add(pair, now());
      if (known) {
        if (outcome === 'refused') lookUps.take(address, now());
      } else if (outcome === 'refused') lookUps.keep(address, now());
      else lookUps.giveBack(address);
    };
  };
}

function requestLimits(
  rates: Rates,
  limit: CreateLimit,
  now: () => number,
): Omit<RequestLimits, 'unverified'> {
  const grpcAddress = limit(rates.grpcAddress);
  const sessions: Record<MessageClass, Limit> = {
    read: limit(rates.sessionRead),
    write: limit(rates.sessionWrite),
    subscribe: limit(rates.sessionSubscribe),
  };
  const users: Record<MessageClass, Limit> = {
    read: limit(rates.userRead),
    write: limit(rates.userWrite),
    subscribe: limit(rates.userSubscribe),
  };
  return {
    address: (clientAddress) =>
      rejection(
        grpcAddress.take(addressBlock(clientAddress), now()),
        'address',
        'requests from this address',
      ),
    session: ({ deviceSessionId, userId }, messageClass) => {
      const [session, user] = [sessions[messageClass], users[messageClass]];
      const nowMs = now();
      const requests = `requests of class ${messageClass}`;
      const sessionWaitMs = session.hold(deviceSessionId, nowMs);
      refuseRequest(sessionWaitMs, `session_${messageClass}`, `${requests} in this device session`);
      const userWaitMs = user.hold(userId, nowMs);
      if (userWaitMs > 0) session.giveBack(deviceSessionId);
      refuseRequest(userWaitMs, `user_${messageClass}`, `${requests} by this user`);
      return {
        keep: () => {
          session.keep(deviceSessionId, now());
          user.keep(userId, now());
        },
        giveBack: () => {
          session.giveBack(deviceSessionId);
          user.giveBack(userId);
        },
      };
    },
  };
}

function signInLimits(rates: Rates, limit: CreateLimit, now: () => number): SignInLimits {
  const publicHttpAddress = limit(rates.publicHttpAddress);
  const emailsByNetwork = limit(rates.signInEmailNetwork);
  const emails = limit(rates.signInEmail);
  const knownDevices = limit(rates.signInKnownDevice);
  const challenges = limit(rates.signInChallenge);
  const recoveries = limit(rates.recovery);
  return {
    address: (clientAddress) =>
      refuse(
        publicHttpAddress.take(addressBlock(clientAddress), now()),
        'public_address',
        'requests from this address',
      ),
    email: (email, clientAddress, knownDevice) => {
      const nowMs = now();
      // Strangers can use up the limits below. They could write the session of another device, too, but not from its
      // network; the backend puts them under its own limits.
      const byDevice = knownDevice && `${knownDevice} ${addressBlock(clientAddress)}`;
      if (byDevice && knownDevices.take(byDevice, nowMs) === 0) return;
      // A request that this limit refuses does not count for the e-mail address, so one network cannot lock its owner
      // out.
      const byNetwork = `${email} ${addressBlock(clientAddress)}`;
      refuse(
        emailsByNetwork.take(byNetwork, nowMs),
        'email_network',
        'sign-in codes for this e-mail address',
      );
      refuse(emails.take(email, nowMs), 'email', 'sign-in codes for this e-mail address');
    },
    challenge: (challengeId) =>
      refuse(challenges.take(challengeId, now()), 'challenge', 'attempts at this challenge'),
    // No network can lock the owner out, as it counts for itself alone.
    recovery: (email, clientAddress) =>
      refuse(
        recoveries.take(`${email} ${addressBlock(clientAddress)}`, now()),
        'recovery',
        'recovery codes for this e-mail address',
      ),
  };
}

function rejection(waitMs: number, limit: RateLimit, requests: string): Rejection | undefined {
  if (waitMs === 0) return undefined;
  requestRateLimited(limit);
  return {
    reason: 'RATE_LIMITED',
    message: `Too many ${requests}; retry after the time in the RetryInfo.`,
    metadata: { limit },
    retryAfterMs: Math.ceil(waitMs),
  };
}

/** @throws RejectedError unless there is nothing to wait for. */
function refuseRequest(waitMs: number, limit: RateLimit, requests: string): void {
  const refused = rejection(waitMs, limit, requests);
  if (refused !== undefined) throw new RejectedError(refused);
}

function refuse(waitMs: number, limit: RateLimit, requests: string): void {
  if (waitMs === 0) return;
  requestRateLimited(limit);
  const seconds = Math.ceil(waitMs / 1000);
  throw new Refusal('rate_limited', `Too many ${requests}; try again in ${seconds} s.`, {
    retry_after_seconds: seconds,
  });
}
