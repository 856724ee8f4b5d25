import { z } from '@hono/zod-openapi';
import { clientNetwork } from '../../../lib/backend/domain/client-network.ts';

/** Set by the gateway, which sees the client. */
export const clientAddressHeader = z.object({
  'x-client-address': z
    .string()
    .refine((text) => clientNetwork(text) !== undefined, 'must be an IP address')
    .optional()
    .openapi({ description: 'IP address of the client.' }),
});
