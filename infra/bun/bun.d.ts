// The part of Bun that the adapter uses. Bun's own types would replace those of Node and of the browser for the whole
// project.
type BunServer = {
  readonly port: number;
  requestIP(request: Request): { address: string } | null;
  /** Stops accepting; resolves when no connection is left. @param cut whether those that are busy end at once. */
  stop(cut?: boolean): Promise<void>;
};

declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    /** Seconds, at most 255. */
    idleTimeout: number;
    fetch(request: Request, server: BunServer): Response | Promise<Response>;
  }): BunServer;
};
