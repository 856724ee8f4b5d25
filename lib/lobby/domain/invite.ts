// Invites to private games. An invite is for one user, or it is a code that any user who has it may redeem, a number of
// times and until a time. It is pending until it is redeemed (a code: as often as it may be), declined, revoked, or
// over with the enrollment of its game.
import type { Game } from './game.ts';

export const inviteStatuses = ['pending', 'redeemed', 'declined', 'revoked', 'expired', 'cancelled'] as const;
export type InviteStatus = (typeof inviteStatuses)[number];

export type Invite = {
  readonly inviteId: string;
  readonly gameId: string;
  /** null for a code. */
  readonly userId: string | null;
  /** null for an invite of one user. */
  readonly code: string | null;
  readonly maxUses: number;
  readonly uses: number;
  /** null for an invite of one user, which lasts as long as enrollment. */
  readonly expiresAt: Date | null;
  readonly status: InviteStatus;
  readonly createdAt: Date;
  /** When it left `pending` other than by the passing of `expiresAt`. */
  readonly decidedAt: Date | null;
};

export const inviteBounds = { maxUses: { min: 1, max: 1_000 } } as const;

type Problem = {
  readonly code: 'invalid_state' | 'forbidden';
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** The status of an invite at a time: a code expires by itself. */
export function inviteStatusAt({ status, expiresAt }: Invite, now: Date): InviteStatus {
  return status === 'pending' && expiresAt !== null && expiresAt <= now ? 'expired' : status;
}

/** Why a game takes no invites. */
export function invitingProblem({
  gameType,
  status,
}: Pick<Game, 'gameType' | 'status'>): Problem | undefined {
  if (gameType === 'public') {
    return { code: 'forbidden', message: 'A public game takes no invites; players apply to it.' };
  }
  if (status === 'enrollment_open') return undefined;
  return {
    code: 'invalid_state',
    message: `The game is ${status}; players are invited only while it is enrollment_open.`,
    details: { status },
  };
}

/** Why an invite can no longer be redeemed, declined or revoked. */
export function inviteOverProblem(
  invite: Invite,
  decision: 'redeemed' | 'declined' | 'revoked',
  now: Date,
): Problem | undefined {
  const status = inviteStatusAt(invite, now);
  if (status === 'pending') return undefined;
  return {
    code: 'invalid_state',
    message: `The invite is ${status} already; only a pending one can be ${decision}.`,
    details: { invite_status: status },
  };
}

/** Counts one use; the last one that is allowed redeems the invite. */
export function useInvite(invite: Invite, now: Date): Pick<Invite, 'uses' | 'status' | 'decidedAt'> {
  const uses = invite.uses + 1;
  return uses < invite.maxUses
    ? { uses, status: 'pending', decidedAt: null }
    : { uses, status: 'redeemed', decidedAt: now };
}
