// The OpenAPI 3.1 documents of the lobby's listeners, from the same schemas that validate requests.
import type { HttpApp } from '../../lib/http/app.ts';

export type OpenApiDocument = ReturnType<HttpApp['getOpenAPI31Document']>;

/** @param app a listener's app with all its routes. */
export function describePublicApi(app: HttpApp): OpenApiDocument {
  return describe(app, {
    title: 'Galaxy: Game Lobby, public',
    description:
      'What users do in the lobby. The gateway names the user in `X-User-ID` after it has verified the signature; without ' +
      'it the response is 401 `unauthenticated`. Clients reach these operations through the gateway, by message type.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-User-ID',
      description: 'The user whom the gateway has verified.',
    },
    security: [{ token: [], identity: [] }, { identity: [] }],
  });
}

/** @param app a listener's app with all its routes. */
export function describeInternalApi(app: HttpApp): OpenApiDocument {
  return describe(app, {
    title: 'Galaxy: Game Lobby, internal',
    description:
      'What admins do in the lobby, and what the Game Master reads from it. Any client that reaches this listener is trusted ' +
      'as one of them.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Admin-ID',
      description: 'Names the admin for the records, in 1 to 64 letters, digits, _ . @ or -; may be absent.',
    },
    security: [{ token: [], identity: [] }, { token: [] }, { identity: [] }, {}],
  });
}

type About = {
  title: string;
  description: string;
  identity: { type: 'apiKey'; in: 'header'; name: string; description: string };
  /** The combinations that are accepted; the token is required only where one is configured. */
  security: { token?: []; identity?: [] }[];
};

function describe(app: HttpApp, { title, description, identity, security }: About): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title, version: '1', description },
    security,
  });
  const token = {
    type: 'http' as const,
    scheme: 'bearer',
    description: 'The listener’s token, where one is configured.',
  };
  return { ...document, components: { ...document.components, securitySchemes: { token, identity } } };
}
