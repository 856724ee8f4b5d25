import type { Logger } from '../../telemetry/logger.ts';
import { composeMail, type UnsubscribeUrl } from './compose.ts';
import type { Mailer } from './mail.ts';

/**
 * For local use only: instead of mailing a code it writes the line that docs/sign-in.md describes, which people,
 * tests and the demo read the code from. The only log lines of the platform that hold a secret.
 */
export function createLogMailer(log: Logger, unsubscribeUrlOf?: UnsubscribeUrl): Mailer {
  return {
    async send(mail) {
      const { mailId, to, locale, content } = mail;
      if (content.kind === 'sign_in_code') {
        log.info({ challenge_id: mailId, to, code: content.code, locale }, 'sign-in code');
        return;
      }
      if (content.kind === 'account_code') {
        const { code, purpose } = content;
        log.info({ challenge_id: mailId, to, code, purpose, locale }, 'account code');
        return;
      }
      const { subject, text } = await composeMail(mail, unsubscribeUrlOf);
      log.info({ mail_id: mailId, to, locale, subject, text }, 'mail');
    },
    close() {},
  };
}
