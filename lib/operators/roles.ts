/** What an operator can be; each role includes what a viewer may. */
export const roles = ['viewer', 'support', 'moderator', 'operator', 'owner'] as const;
export type Role = (typeof roles)[number];
