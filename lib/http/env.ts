// The context of every handler.

import type { ServiceCaller } from '../operators/service-callers.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A user whom the gateway has verified. */
export type UserActor = { readonly kind: 'user'; readonly userId: string };
/** The admin of an internal listener: an operator, or a service or a tool with the token of a caller alone. */
export type AdminActor = {
  readonly kind: 'admin';
  /** Of the operator; undefined without an assertion. */
  readonly adminId: string | undefined;
  /** Of the operator's session. */
  readonly sessionId?: string;
  /** Why the operator does it; undefined for a read. */
  readonly reason?: string | undefined;
};
/** Any client of a route that needs no actor. */
export type Anonymous = { readonly kind: 'anonymous' };
export type Actor = UserActor | AdminActor | Anonymous;

/** What a listener knows of the connection that a request came on. */
export type Connection = {
  /** IP address of the client; absent when it has already disconnected. */
  readonly peerAddress?: string | undefined;
};

export type HttpEnv = {
  Bindings: Connection;
  Variables: {
    requestId: string;
    log: Logger;
    actor: Actor;
    /** The service that sends the request; undefined where the listener admits every client. */
    serviceCaller: ServiceCaller | undefined;
  };
};
