import type { Logger } from '../telemetry/logger.ts';

export type SignInMail = {
  /** For telling the mails to one address apart; no part of what the person reads. */
  challengeId: string;
  to: string;
  /** Six digits. */
  code: string;
  /** BCP 47 tag of the language that the person reads. */
  locale: string;
};

export type Mailer = { sendSignInCode(mail: SignInMail): Promise<void> };

/**
 * For local use only: instead of mailing a code it writes the line that docs/sign-in.md describes, which people,
 * tests and the demo read the code from. The only log line of the platform that holds a secret.
 */
export function createLogMailer(log: Logger): Mailer {
  return {
    async sendSignInCode({ challengeId, to, code, locale }) {
      log.info({ challenge_id: challengeId, to, code, locale }, 'sign-in code');
    },
  };
}
