const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text has the form of a UUID; identifiers of the platform are UUIDv7. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}
