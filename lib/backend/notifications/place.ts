import type { StreamPlace } from '../../streams/offset.ts';

export const notificationsName = 'notification_intents';

export function notificationsPlace(stream: string): StreamPlace & { readonly name: string } {
  return { name: notificationsName, stream, offsetKey: `backend:stream_offsets:${notificationsName}` };
}
