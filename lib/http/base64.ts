import { z } from '@hono/zod-openapi';
import { decodeBase64, encodeBase64 } from 'hono/utils/encode';

/** Base64 (RFC 4648 section 4, padded) of exactly `length` bytes, to those bytes. */
export function base64Bytes(length: number) {
  const problem = `must be base64 of ${length} bytes`;
  const encodedLength = Math.ceil(length / 3) * 4;
  const schema = z.base64(problem).transform((text, context) => {
    const bytes = decodeBase64(text);
    if (bytes.length === length) return bytes;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });
  return schema.openapi({ format: 'byte', minLength: encodedLength, maxLength: encodedLength });
}

export function toBase64(bytes: Uint8Array<ArrayBuffer>): string {
  return encodeBase64(bytes.slice().buffer);
}
