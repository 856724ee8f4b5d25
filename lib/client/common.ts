// What the package has on every platform.
export { type CommandOptions, type CommandResult, GalaxyClient, type SignInOptions } from './client.ts';
export { CommandError } from './command-error.ts';
export { type DeviceKeys, memoryKeys, type Session } from './device-keys.ts';
export type { EventType, FollowOptions, Hello, PlayerEvent } from './events.ts';
export { GameHandle, type Turn } from './game.ts';
export { GatewayError } from './gateway-error.ts';
export type * from './generated/api.ts';
export { PublicHttpError } from './public-http.ts';
