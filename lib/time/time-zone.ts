/** Whether a text is the name of an IANA time zone that this runtime knows, such as `Europe/Berlin` or `UTC`. */
export function isTimeZone(text: string): boolean {
  // Intl accepts offsets such as +01:00, too; they have no daylight saving and are not names.
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
