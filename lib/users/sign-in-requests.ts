// The bodies of the requests that sign a player in. The gateway checks them before it counts them, so that no
// request that would be refused uses up the limits of an address; the backend checks them before it acts.
import { z } from '@hono/zod-openapi';
import { base64Bytes } from '../http/base64.ts';
import { id } from '../http/schemas.ts';
import { maxEmailLength } from './email.ts';
import { deviceNameHint, localeHint, timeZoneHint } from './hints.ts';
import { email } from './profile.ts';
import { recoveryCode } from './recovery-code.ts';

/** Digits of a code; more of them where an address gets many wrong ones. */
export const codeDigits = 8;
export const longCodeDigits = 12;

/** A code of a mail. Long ones are written in groups there, and people type as they read. */
export const mailedCode = z
  .string()
  .overwrite((text) => text.replaceAll(/\s/g, ''))
  .regex(
    new RegExp(`^(?:[0-9]{${codeDigits}}|[0-9]{${longCodeDigits}})$`),
    `must be ${codeDigits} or ${longCodeDigits} digits`,
  );

const knownDevice = z.object({
  device_session_id: id,
  timestamp_ms: z.int(),
  signature: base64Bytes(64),
});

/** A hint as well: what is not such a proof counts as not given. The gateway cannot check it, the backend does. */
const knownDeviceHint = z
  .unknown()
  .optional()
  .transform((given) => knownDevice.safeParse(given).data)
  .openapi({
    type: 'object',
    properties: {
      device_session_id: { type: 'string', format: 'uuid' },
      timestamp_ms: { type: 'integer' },
      signature: { type: 'string', format: 'byte' },
    },
    description: 'A signature of a device that has signed in to the account of this address.',
  });

/** As people type it. */
export const emailInput = email.openapi({ maxLength: maxEmailLength });

export const sendEmailCodeBody = z.strictObject({
  email: emailInput,
  locale: localeHint,
  known_device: knownDeviceHint,
});

export const confirmEmailCodeBody = z.strictObject({
  challenge_id: id,
  code: mailedCode,
  client_public_key: base64Bytes(32),
  proof: base64Bytes(64),
  time_zone: timeZoneHint,
  device_name: deviceNameHint,
});

export const recoverBody = z.strictObject({
  email: emailInput,
  recovery_code: recoveryCode,
  client_public_key: base64Bytes(32),
  proof: base64Bytes(64),
  device_name: deviceNameHint,
});
