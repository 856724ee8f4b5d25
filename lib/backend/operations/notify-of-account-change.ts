import type { BackendContext } from '../context.ts';
import type { DeviceSession, User } from '../domain/user.ts';
import { type AccountChange, noticeLifetimeMs } from '../mail/mail.ts';
import { accountChanged } from '../outbox/messages.ts';
import type { Database } from '../store/database.ts';

const eventTypes = {
  email_changed: 'user.email.changed',
  recovery_codes_created: 'user.recovery_codes.created',
  recovery_code_used: 'user.recovery_code.used',
} as const satisfies Record<AccountChange, string>;

/**
 * Notifies the owner of a change of their account, by an event and by a mail, so that they hear of one that was not
 * theirs.
 * @param change.to where the mail goes, unless to the address of the account.
 * @param change.session the new one, when the change created it.
 */
export async function notifyOfAccountChange(
  deps: Pick<BackendContext, 'outbox' | 'mails' | 'newId'>,
  tx: Database,
  { userId, email, locale, timeZone }: User,
  change: {
    change: AccountChange;
    at: Date;
    to?: string;
    recoveryCodesLeft?: number;
    session?: DeviceSession;
    payload?: Readonly<Record<string, unknown>>;
    traceparent: string | undefined;
  },
): Promise<void> {
  const { at, to = email, recoveryCodesLeft, session, traceparent } = change;
  const left = recoveryCodesLeft === undefined ? {} : { recovery_codes_left: recoveryCodesLeft };
  const payload = { changed_at: at.toISOString(), ...left, ...change.payload };
  const mailId = deps.newId();
  const type = eventTypes[change.change];
  await deps.outbox.write(tx, [accountChanged({ type, userId, eventId: mailId, at, payload, traceparent })]);
  await deps.mails.write(tx, [
    {
      mailId,
      to,
      locale,
      content: {
        kind: 'account_change',
        change: change.change,
        device_name: session?.deviceName ?? null,
        network: session?.network ?? null,
        changed_at: at.toISOString(),
        time_zone: timeZone,
        recovery_codes_left: recoveryCodesLeft ?? null,
      },
      expiresAt: new Date(at.getTime() + noticeLifetimeMs),
    },
  ]);
}
