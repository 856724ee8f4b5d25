// The order of one user's events. An event id is `<life of the log>-<place in it>`: ids of one life compare as texts,
// ids of different lives say nothing about each other (docs/push.md).

/**
 * What an event is to whoever has everything up to `last`: the `next` one, one that is `known`, or `apart`, when
 * something between the two is missing or cannot be ruled out.
 * @param last an event id, never empty.
 */
export function orderAfter(
  event: { readonly id: string; readonly prevId: string },
  last: string,
): 'next' | 'known' | 'apart' {
  if (event.prevId === last) return 'next';
  if (!event.id.startsWith(lifeOf(last))) return 'apart';
  if (event.id <= last) return 'known';
  // The first event of a user who had none, or none for a long time, follows the place at which they began.
  return event.prevId <= last ? 'next' : 'apart';
}

function lifeOf(id: string): string {
  return id.slice(0, id.indexOf('-') + 1);
}
