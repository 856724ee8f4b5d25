/** Links a request to a peer to the request that caused it. */
export type RequestContext = { readonly requestId: string; readonly traceparent?: string | undefined };
