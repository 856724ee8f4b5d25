// Asks the User Service what a user may do. The lobby asks before it grants anything, and grants nothing without a
// usable response. What the rights mean is decided in domain/eligibility.ts.
import { z } from 'zod';
import { Refusal } from '../../errors/table.ts';
import { askService, refuseUnlessOk } from '../../http/ask-service.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Eligibility } from '../domain/eligibility.ts';
import type { RequestContext } from '../request-context.ts';

export type EligibilityClient = {
  /**
   * @throws Refusal `subject_not_found` (404) for a user who is unknown or blocked permanently;
   *   `service_unavailable` (503) when the User Service cannot be reached, or responds too late, with
   *   anything but 2xx, or with an unreadable body.
   */
  lookup(userId: string, context: RequestContext): Promise<Eligibility>;
};

/** A response has about 400. */
const maxBytes = 65_536;

const limit = z.int().nonnegative();
const responseSchema = z.object({
  user_id: z.string().toLowerCase(),
  exists: z.boolean(),
  permanent_block: z.boolean(),
  can_create_public_game: z.boolean(),
  can_create_private_game: z.boolean(),
  can_join_game: z.boolean(),
  max_owned_games: limit,
  max_active_memberships: limit,
  max_registered_race_names: limit,
  address_hash: z.string().min(1).max(128).optional(),
});

/** A client of `POST {baseUrl}/api/v1/internal/users/{user_id}/lobby-eligibility`. */
export function createEligibility(options: {
  baseUrl: string;
  token?: string | undefined;
  /** Bound on the whole exchange, body included. */
  timeoutMs: number;
  /** Sends a request, as `askService` does, which it is unless given. */
  send?: typeof askService;
  log: Logger;
}): EligibilityClient {
  const ask = async (userId: string, { requestId, traceparent }: RequestContext) => {
    const url = `${options.baseUrl}/api/v1/internal/users/${encodeURIComponent(userId)}/lobby-eligibility`;
    const { token, timeoutMs, send = askService } = options;
    const headers = { 'x-request-id': requestId };
    const reply = await send(url, { method: 'POST', token, headers, traceparent, timeoutMs, maxBytes });
    refuseUnlessOk(reply, { ours: 'LOBBY_USER_SERVICE_TOKEN', theirs: 'BACKEND_HTTP_CALLERS' });
    const response = responseSchema.parse(JSON.parse(reply.text));
    if (response.user_id !== userId.toLowerCase()) {
      throw new Error('the User Service responded with the rights of another user');
    }
    return response;
  };

  return {
    async lookup(userId, context) {
      const response = await ask(userId, context).catch((error: unknown) => {
        options.log.warn(
          { error, request_id: context.requestId, user_id: userId },
          'eligibility could not be looked up',
        );
        throw new Refusal(
          'service_unavailable',
          'The User Service cannot say right now what this user may do. Try again later.',
        );
      });
      if (!response.exists || response.permanent_block) {
        throw new Refusal('subject_not_found', 'There is no such user.');
      }
      return {
        userId,
        canCreatePublicGame: response.can_create_public_game,
        canCreatePrivateGame: response.can_create_private_game,
        canJoinGame: response.can_join_game,
        maxOwnedGames: response.max_owned_games,
        maxActiveMemberships: response.max_active_memberships,
        maxRegisteredRaceNames: response.max_registered_race_names,
        addressHash: response.address_hash,
      };
    },
  };
}
