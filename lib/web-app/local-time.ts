/** In the viewer's zone, as `<input type="datetime-local">` has it. */
export function localTime(time: number): string {
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
