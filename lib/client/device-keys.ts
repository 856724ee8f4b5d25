// The key pair of a device, and the session to which it was bound at sign-in.

export type Session = { deviceSessionId: string; userId: string };

/** Of one device session. A store that keeps it across restarts reads it before the client is made. */
export type DeviceKeys = {
  /** The 32 bytes of the Ed25519 public key. */
  readonly publicKey: Uint8Array;
  /** Of the last sign-in with this key; undefined before. */
  readonly session: Session | undefined;
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** Stores the session to which the key was bound. */
  bind(session: Session): Promise<void>;
};

export type KeyPair = { privateKey: CryptoKey; publicKey: CryptoKey };

/** Keys that are lost with the process or the page. */
export async function memoryKeys(): Promise<DeviceKeys> {
  return deviceKeys(await generateKeyPair(false), undefined, async () => {});
}

/** @param isExtractable whether the private key can be read, to be stored. */
export async function generateKeyPair(isExtractable: boolean): Promise<KeyPair> {
  return (await crypto.subtle.generateKey('Ed25519', isExtractable, ['sign', 'verify'])) as KeyPair;
}

/** @param store keeps a new session. */
export async function deviceKeys(
  { privateKey, publicKey }: KeyPair,
  stored: Session | undefined,
  store: (session: Session) => Promise<void>,
): Promise<DeviceKeys> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  let session = stored;
  return {
    publicKey: raw,
    get session() {
      return session;
    },
    async sign(bytes) {
      return new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes));
    },
    async bind(bound) {
      await store(bound);
      session = bound;
    },
  };
}
