// What every handler finds in its context.
import type { Logger } from '../telemetry/logger.ts';

/** A user, as the gateway verified them. */
export type UserActor = { readonly kind: 'user'; readonly userId: string };
/** The admin of an internal listener; `adminId` names a person for the records, where one was given. */
export type AdminActor = { readonly kind: 'admin'; readonly adminId: string | undefined };
/** Somebody on a route that needs no actor. */
export type Anonymous = { readonly kind: 'anonymous' };
export type Actor = UserActor | AdminActor | Anonymous;

/** What a listener knows of the connection that a request came on. */
export type Connection = {
  /** IP address of the other end; absent when it has gone already. */
  readonly peerAddress?: string | undefined;
};

export type HttpEnv = {
  Bindings: Connection;
  Variables: { requestId: string; log: Logger; actor: Actor };
};
