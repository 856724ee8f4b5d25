// The OpenAPI 3.1 documents of the backend's listeners, from the same schemas that validate requests.
import type { HttpApp } from '../../lib/http/app.ts';
import { describeApi, type OpenApiDocument } from '../../lib/http/openapi.ts';

/** @param app a listener's app with all its routes. */
export function describeServiceApi(app: HttpApp): OpenApiDocument {
  return describeApi(app, {
    title: 'Galaxy: Backend, service',
    description:
      'What the gateway and the lobby request. Under `/api/v1/user` the gateway names the user in `X-User-ID` after it has ' +
      'verified the signature; without it the response is 401 `unauthenticated`. Clients reach these operations through ' +
      'the gateway: sign-in under the same paths, the others by message type.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-User-ID',
      description: 'The user whom the gateway has verified; for routes under `/api/v1/user`.',
    },
    security: [{ token: [], identity: [] }, { token: [] }, { identity: [] }, {}],
  });
}

/** @param app a listener's app with all its routes. */
export function describeAdminApi(app: HttpApp): OpenApiDocument {
  return describeApi(app, {
    title: 'Galaxy: Backend, admin',
    description:
      'What operators do with users, their sessions, streams and each other, and how the console signs them in. Where operator ' +
      'keys are configured, what operators do needs their assertion, and a role with the permission.',
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
