// Users and their devices as plain data. Times are Dates, absent values are null.

export type User = {
  readonly userId: string;
  /** Normalised. */
  readonly email: string;
  readonly handle: string | null;
  readonly displayName: string | null;
  readonly locale: string;
  readonly timeZone: string;
  readonly blockedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly createdAt: Date;
};

export type DeviceSession = {
  readonly deviceSessionId: string;
  readonly userId: string;
  /** Ed25519, 32 raw bytes. */
  readonly clientPublicKey: Uint8Array<ArrayBuffer>;
  readonly deviceName: string | null;
  /** Roughly where it signed in from; null when that is not known. */
  readonly network: string | null;
  readonly createdAt: Date;
  /** When it was used last, to the hour; null for a session of before this was recorded. */
  readonly lastUsedAt: Date | null;
  /** null while the session is active. */
  readonly revokedAt: Date | null;
};
