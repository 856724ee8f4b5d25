import type { Console } from '../../lib/console/context.ts';
import type { Service } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';

export const streamAudiences = ['backend', 'lobby', 'game-master'] as const;
export type StreamAudience = (typeof streamAudiences)[number];

/** The services that consume streams, by the part of a path that names them. */
export function streamServices({
  backend,
  lobby,
  gameMaster,
}: Console): Readonly<Record<StreamAudience, Service>> {
  return { backend, lobby, 'game-master': gameMaster };
}

/** @throws Refusal not_found for a path that names no such service. */
export function streamAudienceOf(text: string): StreamAudience {
  const found = streamAudiences.find((one) => one === text);
  if (found === undefined) throw new Refusal('not_found', `There is no service ${text}.`);
  return found;
}
