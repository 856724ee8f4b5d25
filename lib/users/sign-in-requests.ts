// The bodies of the requests that sign a player in. The gateway checks them before it counts them, so that no
// request that would be refused uses up the limits of an address; the backend checks them before it acts.
import { z } from '@hono/zod-openapi';
import { base64Bytes } from '../http/base64.ts';
import { id } from '../http/schemas.ts';
import { deviceNameHint, localeHint, timeZoneHint } from './hints.ts';
import { email } from './profile.ts';
import { recoveryCode } from './recovery-code.ts';

export const codeDigits = 6;

export const sendEmailCodeBody = z.strictObject({ email, locale: localeHint });

/** A code of a mail. */
export const mailedCode = z
  .string()
  .regex(new RegExp(`^[0-9]{${codeDigits}}$`), `must be ${codeDigits} digits`);

export const confirmEmailCodeBody = z.strictObject({
  challenge_id: id,
  code: mailedCode,
  client_public_key: base64Bytes(32),
  proof: base64Bytes(64),
  time_zone: timeZoneHint,
  device_name: deviceNameHint,
});

export const recoverBody = z.strictObject({
  email,
  recovery_code: recoveryCode,
  client_public_key: base64Bytes(32),
  proof: base64Bytes(64),
  device_name: deviceNameHint,
});
