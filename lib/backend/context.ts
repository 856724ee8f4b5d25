import type { Outbox } from '../outbox/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Background } from './background.ts';
import type { Entitlements } from './domain/eligibility.ts';
import type { MailLimits } from './domain/sign-in.ts';
import type { Mailer } from './mailer.ts';
import type { SignInCodes } from './sign-in-codes.ts';
import type { Database } from './store/database.ts';
import type { FindDeviceSession } from './store/device-sessions.ts';

/** What the backend's operations are made of, built once at start; each one declares the slice that it needs. */
export type BackendContext = {
  readonly db: Database;
  readonly findDeviceSession: FindDeviceSession;
  readonly outbox: Pick<Outbox, 'write' | 'publishSoon'>;
  readonly codes: SignInCodes;
  readonly mailer: Mailer;
  readonly mailLimits: MailLimits;
  readonly background: Background;
  readonly entitlementDefaults: Entitlements;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Logger;
};
