// The OpenAPI 3.1 document of a listener, from the same schemas that validate requests.
import type { HttpApp } from './app.ts';

export type OpenApiDocument = ReturnType<HttpApp['getOpenAPI31Document']>;

export type AboutApi = {
  title: string;
  description: string;
  /** The header that names who makes a request. */
  identity: { type: 'apiKey'; in: 'header'; name: string; description: string };
  /** The combinations that are accepted; the token is required only where one is configured. */
  security: { token?: []; identity?: [] }[];
};

/** @param app a listener's app with all its routes. */
export function describeApi(
  app: HttpApp,
  { title, description, identity, security }: AboutApi,
): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title, version: '1', description },
    security,
  });
  const token = {
    type: 'http' as const,
    scheme: 'bearer',
    description: 'The token of one of the listener’s callers, where it names any.',
  };
  return { ...document, components: { ...document.components, securitySchemes: { token, identity } } };
}
