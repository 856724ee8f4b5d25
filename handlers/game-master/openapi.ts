// The OpenAPI 3.1 document of the Game Master's internal listener, from the same schemas that validate requests.
import type { HttpApp } from '../../lib/http/app.ts';
import { describeApi, type OpenApiDocument } from '../../lib/http/openapi.ts';

/** @param app the listener's app with all its routes. */
export function describeInternalApi(app: HttpApp): OpenApiDocument {
  return describeApi(app, {
    title: 'Galaxy: Game Master, internal',
    description:
      'What the lobby asks the Game Master, and what operators do with games that are played, their engines and streams. ' +
      'Any client that reaches this listener is trusted as one of them.',
    identity: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Admin-ID',
      description: 'Names the admin for the records, in 1 to 64 letters, digits, _ . @ or -; may be absent.',
    },
    security: [{ token: [], identity: [] }, { token: [] }, { identity: [] }, {}],
  });
}
