// How the lobby's listeners describe themselves: OpenAPI 3.1 documents, made from the same schemas that validate.
import type { HttpApp } from '../../lib/http/app.ts';

export type OpenApiDocument = ReturnType<HttpApp['getOpenAPI31Document']>;

/** @param app a listener's app with all its routes. */
export function describePublicApi(app: HttpApp): OpenApiDocument {
  return describe(app, {
    title: 'Galaxy: Game Lobby, public',
    description:
      'What users do in the lobby. The gateway names each in `X-User-ID` after it has verified their signature; without ' +
      'one the answer is 401 `unauthenticated`. Clients reach these operations through the gateway, by message type.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-User-ID',
      description: 'The user, as the gateway verified them.',
    },
    security: [{ token: [], identity: [] }, { identity: [] }],
  });
}

/** @param app a listener's app with all its routes. */
export function describeInternalApi(app: HttpApp): OpenApiDocument {
  return describe(app, {
    title: 'Galaxy: Game Lobby, internal',
    description:
      'What admins do in the lobby, and what the Game Master reads of it. Whoever reaches this listener is one of them.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Admin-ID',
      description: 'Names a person for the records, in 1 to 64 letters, digits, _ . @ or -; may be absent.',
    },
    security: [{ token: [], identity: [] }, { token: [] }, { identity: [] }, {}],
  });
}

type About = {
  title: string;
  description: string;
  identity: { type: 'apiKey'; in: 'header'; name: string; description: string };
  /** What may come together; the token is wanted only where one is configured. */
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
