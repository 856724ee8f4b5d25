// Ids of events. Those that are the same up to the first "-" are of one epoch of the platform's log, and of those the
// later one is the greater text; others cannot be compared. docs/events.md promises it.

/** Whether an id is known to be of a later event than another one. */
export function isLater(id: string, than: string): boolean {
  return epochOf(id) === epochOf(than) && id > than;
}

/** @returns the earliest that is known; undefined of none. */
export function earliest(ids: readonly string[]): string | undefined {
  const [first, ...others] = ids;
  return first && others.reduce((earlier, id) => (isLater(earlier, id) ? id : earlier), first);
}

function epochOf(id: string): string {
  return id.slice(0, id.indexOf('-') + 1);
}
