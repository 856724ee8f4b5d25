import type { SignAssertion } from '../operators/assertion.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { HashAddress } from './address-hash.ts';
import type { Entitlements } from './domain/eligibility.ts';
import type { MailLimits, WrongCodeLimits } from './domain/sign-in.ts';
import type { NewMail } from './mail/outgoing-mails.ts';
import type { OidcIssuer } from './oidc-issuer.ts';
import type { OptOutTokens } from './opt-out-tokens.ts';
import type { RecoveryCodes } from './recovery-codes.ts';
import type { SignInCodes } from './sign-in-codes.ts';
import type { Database } from './store/database.ts';

export type OutgoingMails = {
  /** Writes mails with the transaction that decides them. */
  write(tx: Database, mails: readonly NewMail[]): Promise<void>;
  /** Sends them in the background; to be called after the commit. */
  sendSoon(): void;
};

/**
 * The dependencies of the backend's operations, built once at start; each operation declares the slice that it needs.
 */
export type BackendContext = {
  readonly db: Database;
  readonly outbox: Pick<Outbox, 'write' | 'publishSoon'>;
  readonly codes: SignInCodes;
  readonly recoveryCodes: RecoveryCodes;
  readonly hashAddress: HashAddress;
  readonly mails: OutgoingMails;
  readonly optOutTokens: OptOutTokens;
  readonly mailLimits: MailLimits;
  readonly wrongCodeLimits: WrongCodeLimits;
  /** Counts a look-up of a player. Returns how long this user has to wait before it is allowed; 0 allows it now. */
  readonly lookupWaitMs: (userId: string) => number;
  readonly entitlementDefaults: Entitlements;
  /** undefined where no key is configured: no operator can sign in then. */
  readonly signAssertion: SignAssertion | undefined;
  /** undefined where no issuer is configured: operators then sign in with passkeys alone. */
  readonly oidcIssuer: OidcIssuer | undefined;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Logger;
};
