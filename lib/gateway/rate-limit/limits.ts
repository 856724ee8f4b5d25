// The gateway's rate limits: signed requests by address, device session and user; sign-in by address, e-mail address
// and challenge. They are in memory, so every replica counts for itself.
import { randomBytes } from 'node:crypto';
import type { Rate } from '../../config/types.ts';
import type { Values } from '../../config/variables.ts';
import { Refusal } from '../../errors/table.ts';
import { TokenBuckets } from '../../rate-limit/token-buckets.ts';
import { addressBlock } from '../client-address.ts';
import type { RequestLimits } from '../commands/admission.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { MessageClass } from '../domain/routes.ts';
import { type RateLimit, requestRateLimited } from '../instruments.ts';
import type { rateLimitVariables } from './variables.ts';

/** Each throws a Refusal `rate_limited` that says when to retry, or returns. */
export type SignInLimits = {
  address(clientAddress: string): void;
  /** @param email as the client wrote it; surrounding blanks and upper case are ignored. */
  email(email: string, clientAddress: string): void;
  challenge(challengeId: string): void;
};

type Rates = Values<typeof rateLimitVariables>;

export type Limits = { requests: RequestLimits; signIn: SignInLimits };

type Limit = { take(key: string, nowMs: number): number };

const noLimit: Limit = { take: () => 0 };

/** @param now milliseconds of a monotonic clock. */
export function createLimits(rates: Rates, now: () => number = () => performance.now()): Limits {
  const limit: CreateLimit = (rate) => (rate === 'off' ? noLimit : new TokenBuckets(rate, randomBytes(8)));

  return { requests: requestLimits(rates, limit, now), signIn: signInLimits(rates, limit, now) };
}

type CreateLimit = (rate: Rate | 'off') => Limit;

function requestLimits(rates: Rates, limit: CreateLimit, now: () => number): RequestLimits {
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
      const nowMs = now();
      const requests = `requests of class ${messageClass}`;
      return (
        rejection(
          sessions[messageClass].take(deviceSessionId, nowMs),
          `session_${messageClass}`,
          `${requests} in this device session`,
        ) ??
        rejection(users[messageClass].take(userId, nowMs), `user_${messageClass}`, `${requests} by this user`)
      );
    },
  };
}

function signInLimits(rates: Rates, limit: CreateLimit, now: () => number): SignInLimits {
  const publicHttpAddress = limit(rates.publicHttpAddress);
  const emailsByNetwork = limit(rates.signInEmailNetwork);
  const emails = limit(rates.signInEmail);
  const challenges = limit(rates.signInChallenge);
  return {
    address: (clientAddress) =>
      refuse(
        publicHttpAddress.take(addressBlock(clientAddress), now()),
        'public_address',
        'requests from this address',
      ),
    email: (email, clientAddress) => {
      const normalised = email.trim().toLowerCase();
      const nowMs = now();
      // A request that this limit refuses does not count for the e-mail address, so one network cannot lock its owner
      // out.
      const byNetwork = `${normalised} ${addressBlock(clientAddress)}`;
      refuse(
        emailsByNetwork.take(byNetwork, nowMs),
        'email_network',
        'sign-in codes for this e-mail address',
      );
      refuse(emails.take(normalised, nowMs), 'email', 'sign-in codes for this e-mail address');
    },
    challenge: (challengeId) =>
      refuse(challenges.take(challengeId.toLowerCase(), now()), 'challenge', 'attempts at this challenge'),
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

function refuse(waitMs: number, limit: RateLimit, requests: string): void {
  if (waitMs === 0) return;
  requestRateLimited(limit);
  const seconds = Math.ceil(waitMs / 1000);
  throw new Refusal('rate_limited', `Too many ${requests}; try again in ${seconds} s.`, {
    retry_after_seconds: seconds,
  });
}
