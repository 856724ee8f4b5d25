import sodium from 'sodium-native';

/**
 * Whether a device's key made this signature: Ed25519 of RFC 8032, without cofactor. libsodium gives the same results
 * as OpenSSL in half the time; both refuse keys of small order and a scalar S that is not below the group's order.
 * @param publicKey 32 raw bytes.
 * @param signature 64 bytes.
 */
export function verifyDeviceSignature(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  // libsodium ignores bytes after the first 64, and throws when there are fewer.
  if (signature.length !== sodium.crypto_sign_BYTES) return false;
  return sodium.crypto_sign_verify_detached(asBuffer(signature), asBuffer(bytes), asBuffer(publicKey));
}

/** The same bytes as the type that libsodium expects. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
