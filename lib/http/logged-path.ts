/** A request's path as logs may show it: an invite code lets whoever reads it into a private game. */
export function loggedPath(path: string): string {
  return path.replace(/(\/invite-codes\/)[^/]+/, '$1[redacted]');
}
