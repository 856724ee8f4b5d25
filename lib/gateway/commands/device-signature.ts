import sodium from 'sodium-native';

/**
 * Whether a device's key made this signature: Ed25519 as RFC 8032 has it, without cofactor. libsodium decides like
 * OpenSSL, in half the time; both refuse a scalar S that is not below the group's order and keys of small order.
 * @param publicKey 32 raw bytes.
 * @param signature 64 bytes.
 */
export function verifyDeviceSignature(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  // libsodium would overlook what follows the 64 bytes, and throw where there are fewer.
  if (signature.length !== sodium.crypto_sign_BYTES) return false;
  return sodium.crypto_sign_verify_detached(asBuffer(signature), asBuffer(bytes), asBuffer(publicKey));
}

/** The same bytes, as libsodium's types have them. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
