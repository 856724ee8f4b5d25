// The permission that every route of an internal listener needs, and the permissions that each role has. A route that is
// not in the table cannot be mounted (lib/http/operator-access.ts).
import { type Role, roles } from './roles.ts';

const viewing = ['games.read', 'streams.read', 'operators.read', 'audit.read'] as const;

const permissionsOf = {
  viewer: viewing,
  support: [...viewing, 'users.read', 'users.change'],
  moderator: [...viewing, 'games.change', 'engines.read'],
  operator: [...viewing, 'streams.change', 'engines.read', 'engines.change'],
  owner: [
    ...viewing,
    'users.read',
    'users.change',
    'games.change',
    'streams.change',
    'operators.change',
    'engines.read',
    'engines.change',
  ],
} as const satisfies Record<Role, readonly string[]>;

/** The owner has all of them. */
export const operatorPermissions: readonly OperatorPermission[] = permissionsOf.owner;

export type OperatorPermission = (typeof permissionsOf)[Role][number];

/** For what other services do, which no operator does. A listener's callers have them (docs/service-callers.md). */
export const servicePermissions = [
  // Act as the user whom X-User-ID names.
  'users.act',
  'users.sign_in',
  'users.eligibility',
  'sessions.use',
  'events.read',
  'games.play',
  'operators.sign_in',
  // Act as the operator whom an assertion names, within the roles of that operator.
  'operators.act',
] as const;

export type ServicePermission = (typeof servicePermissions)[number];

export type Permission = OperatorPermission | ServicePermission;

/** By the `operationId` of a route. Routes that several listeners have, such as those of streams, are here once. */
const permissionOfRoute: Readonly<Record<string, Permission>> = {
  // Backend
  countActivePlayers: 'games.read',
  listUsers: 'users.read',
  getUser: 'users.read',
  blockUser: 'users.change',
  deleteUser: 'users.change',
  getEntitlements: 'users.read',
  setEntitlements: 'users.change',
  previewAccountRemoval: 'users.read',
  listUserSessions: 'users.read',
  listUserMails: 'users.read',
  revokeUserSessions: 'users.change',
  revokeAnySession: 'users.change',
  beginOperatorEnrolment: 'operators.sign_in',
  finishOperatorEnrolment: 'operators.sign_in',
  beginOperatorSignIn: 'operators.sign_in',
  finishOperatorSignIn: 'operators.sign_in',
  listOperatorSignInMethods: 'operators.sign_in',
  beginOperatorOidcSignIn: 'operators.sign_in',
  finishOperatorOidcSignIn: 'operators.sign_in',
  redeemOperatorLink: 'operators.sign_in',
  findOperatorSession: 'operators.sign_in',
  endOperatorSession: 'operators.sign_in',
  listOperators: 'operators.read',
  addOperator: 'operators.change',
  resetOperator: 'operators.change',
  disableOperator: 'operators.change',
  setOperatorRoles: 'operators.change',

  // Lobby
  listEngines: 'games.read',
  createGame: 'games.change',
  listGames: 'games.read',
  getGame: 'games.read',
  updateGame: 'games.change',
  openEnrollment: 'games.change',
  closeEnrollment: 'games.change',
  reopenEnrollment: 'games.change',
  startGame: 'games.change',
  retryStart: 'games.change',
  pauseGame: 'games.change',
  resumeGame: 'games.change',
  cancelGame: 'games.change',
  correctGame: 'games.change',
  getTimeline: 'games.read',
  previewClock: 'games.read',
  listApplications: 'games.read',
  approveApplication: 'games.change',
  rejectApplication: 'games.change',
  createInvite: 'games.change',
  listInvites: 'games.read',
  revokeInvite: 'games.change',
  listMemberships: 'games.read',
  removeMember: 'games.change',
  blockMember: 'games.change',
  unblockMember: 'games.change',
  checkRaceNameAvailability: 'games.read',
  searchGames: 'games.read',
  countGames: 'games.read',
  listUserGames: 'games.read',
  listUserRaceNames: 'games.read',
  listWithheldRaceNames: 'games.read',
  lookUpRaceName: 'games.read',
  giveBackRaceName: 'games.change',
  releaseRaceName: 'games.change',
  renameRaceName: 'games.change',
  withholdRaceName: 'games.change',
  previewUserRemoval: 'users.read',
  readGames: 'games.play',
  readGame: 'games.play',
  readMemberships: 'games.play',
  readStanding: 'games.play',
  readAccess: 'games.play',

  // Game Master
  healthz: 'games.play',
  registerRuntime: 'games.play',
  getTurn: 'games.read',
  getView: 'games.read',
  listHistory: 'games.read',
  getEngine: 'games.read',
  listSeats: 'games.read',
  getPlayState: 'games.read',
  playTurnNow: 'games.change',
  delayTurn: 'games.change',
  listRunningEngines: 'games.read',
  readEngineLog: 'engines.read',
  restartEngine: 'engines.change',

  // All of them
  listStreams: 'streams.read',
  getOutbox: 'streams.read',
  listParkedKeys: 'streams.read',
  listDeadLetters: 'streams.read',
  retryDeadLetter: 'streams.change',
  discardDeadLetter: 'streams.change',
  listAuditEntries: 'audit.read',
};

/** @throws Error for a route without an entry in the table. */
export function permissionFor(operationId: string | undefined): Permission {
  const permission = operationId === undefined ? undefined : permissionOfRoute[operationId];
  if (permission === undefined) {
    throw new Error(`lib/operators/permissions.ts has no permission for the route ${operationId}`);
  }
  return permission;
}

/** Whether one of these roles has the permission. */
export function may(held: readonly Role[], permission: Permission): boolean {
  return held.some((role) => (permissionsOf[role] as readonly Permission[]).includes(permission));
}

/** Whether what it allows changes something, so that a reason is asked for. */
export function changes(permission: Permission): boolean {
  return permission.endsWith('.change');
}

/** Whether a service may do it in its own name, with the token of a caller alone. */
export function isForServices(permission: Permission): permission is ServicePermission {
  return (servicePermissions as readonly Permission[]).includes(permission);
}

export function isPermission(name: string): name is Permission {
  return ([...servicePermissions, ...operatorPermissions] as readonly string[]).includes(name);
}

/** Roles as they come from outside; unknown ones, of another version, are left out. */
export function knownRoles(names: readonly string[]): Role[] {
  return roles.filter((role) => names.includes(role));
}
