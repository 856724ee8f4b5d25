// The OpenAPI 3.1 documents of the lobby's listeners, from the same schemas that validate requests.
import type { HttpApp } from '../../lib/http/app.ts';
import { describeApi, type OpenApiDocument } from '../../lib/http/openapi.ts';

/** @param app a listener's app with all its routes. */
export function describePublicApi(app: HttpApp): OpenApiDocument {
  return describeApi(app, {
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
  return describeApi(app, {
    title: 'Galaxy: Game Lobby, internal',
    description:
      'What operators do in the lobby, and what the Game Master reads from it. Where operator keys are configured, what ' +
      'operators do needs their assertion, and a role with the permission.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Operator-Assertion',
      description:
        'Says for which operator the console sends the request: a JWT of the backend, valid for a minute. With it a request ' +
        'that changes something says why in `X-Operator-Reason`, percent-encoded.',
    },
    security: [{ token: [], identity: [] }, { token: [] }, { identity: [] }, {}],
  });
}
