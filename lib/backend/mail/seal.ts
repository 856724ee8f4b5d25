// The content of mails that wait is stored encrypted, since a sign-in code opens an account: AES-256-GCM under a key
// that is derived from the secret of the codes, bound to the mail's id. Uses WebCrypto, so that it runs on every
// runtime.
import { type MailContent, mailContent } from './mail.ts';

export type MailSeal = {
  seal(mailId: string, content: MailContent): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * @throws Error when it was sealed with another secret, for another mail, or has a content unknown to this version.
   */
  open(mailId: string, sealed: Uint8Array<ArrayBuffer>): Promise<MailContent>;
};

const utf8 = new TextEncoder();
const ivBytes = 12;

/** @param secret at least 32 bytes. */
export async function createMailSeal(secret: string): Promise<MailSeal> {
  const master = await crypto.subtle.importKey('raw', utf8.encode(secret), 'HKDF', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8.encode('galaxy-mail-v1') },
    master,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
  const algorithm = (mailId: string, iv: Uint8Array<ArrayBuffer>) => ({
    name: 'AES-GCM',
    iv,
    additionalData: utf8.encode(mailId),
  });
  return {
    async seal(mailId, content) {
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
      const encrypted = await crypto.subtle.encrypt(
        algorithm(mailId, iv),
        key,
        utf8.encode(JSON.stringify(content)),
      );
      const sealed = new Uint8Array(ivBytes + encrypted.byteLength);
      sealed.set(iv);
      sealed.set(new Uint8Array(encrypted), ivBytes);
      return sealed;
    },
    async open(mailId, sealed) {
      const iv = sealed.slice(0, ivBytes);
      const content = await crypto.subtle.decrypt(algorithm(mailId, iv), key, sealed.slice(ivBytes));
      return mailContent.parse(JSON.parse(new TextDecoder().decode(content)));
    },
  };
}
