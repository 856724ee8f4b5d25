/** Ties a question to a peer to the request that made it necessary. */
export type RequestContext = { readonly requestId: string; readonly traceparent?: string | undefined };
