// The order of one user's events. An event id is `<epoch of the log>-<position in it>`: ids of one epoch compare as
// texts, ids of different epochs cannot be compared (docs/push.md).

/**
 * How an event relates to a stream that has every event up to `last`: it is the `next` one, a `duplicate`, or after a
 * `gap`, when events between the two are missing or may be missing.
 * @param last an event id, never empty.
 */
export function orderAfter(
  event: { readonly id: string; readonly prevId: string },
  last: string,
): 'next' | 'duplicate' | 'gap' {
  if (event.prevId === last) return 'next';
  if (!event.id.startsWith(epochOf(last))) return 'gap';
  if (event.id <= last) return 'duplicate';
  // The first event of a user who had none, or none for a long time, follows the position at which the stream began.
  return event.prevId <= last ? 'next' : 'gap';
}

function epochOf(id: string): string {
  return id.slice(0, id.indexOf('-') + 1);
}
