// The part of Deno that the adapter uses; npm has no types of Deno that go with those of Node.
type DenoAddress = { readonly hostname: string; readonly port: number };

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(address: DenoAddress): void; signal: AbortSignal },
    handler: (request: Request, info: { remoteAddr: DenoAddress }) => Response | Promise<Response>,
  ): {
    readonly addr: DenoAddress;
    /** Stops accepting, and resolves when all running requests have their response. */
    shutdown(): Promise<void>;
  };
};
