import type { ConsumedStream } from '../../streams/offset.ts';

export const notificationsName = 'notification_intents';

export function notificationStream(stream: string): ConsumedStream & { readonly name: string } {
  return { name: notificationsName, stream, offsetKey: `backend:stream_offsets:${notificationsName}` };
}
