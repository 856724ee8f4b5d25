import { defineOpenAPIRoute, type OpenAPIRoute, type RouteConfig } from '@hono/zod-openapi';
import type { HttpEnv } from './env.ts';

export type HttpRoute<Config extends RouteConfig> = OpenAPIRoute<Config, HttpEnv, true>;

/** A route with its handler, for `openapiRoutes`; the handler finds `HttpEnv` in its context. */
export function defineRoute<Config extends RouteConfig>(
  route: Config,
  handler: HttpRoute<Config>['handler'],
): HttpRoute<Config> {
  return defineOpenAPIRoute<Config, HttpEnv, true>({ route, handler });
}
