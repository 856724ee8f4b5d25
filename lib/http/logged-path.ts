/** A request's path as logs may show it: an invite code admits anyone who reads it to a private game. */
export function loggedPath(path: string): string {
  return path.replace(/(\/invite-codes\/)[^/]+/, '$1[redacted]');
}
