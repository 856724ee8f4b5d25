// The person who uses this tab: their client of the platform, with the key that this browser keeps, and their events.
import {
  browserKeys,
  createGalaxyClient,
  forgetSession,
  type GalaxyClient,
  storedSessions,
} from '../client/browser.ts';
import { EventFeed } from '../client/event-feed.ts';
import type { Hello, PlayerEvent } from '../client/events.ts';

export type News = Hello | PlayerEvent;

export type Player = {
  readonly client: GalaxyClient;
  readonly userId: string;
  readonly deviceSessionId: string;
  /** Hears of every event, and of a hello after which something may have been missed. @returns what ends that. */
  readonly listen: (listener: (news: News) => void) => () => void;
  /** Resolves with what ended the events for good, such as that the session was revoked. */
  readonly ended: Promise<unknown>;
};

export type SigningIn = {
  sendCode(email: string, language: string): Promise<string>;
  /** @returns the player, and whether this browser keeps the key. */
  confirm(challengeId: string, code: string): Promise<SignedIn>;
  /** Without the mailbox, by a recovery code. */
  recover(email: string, recoveryCode: string): Promise<SignedIn>;
};

export type SignedIn = { readonly player: Player; readonly isStored: boolean };

/** @returns the player whose session this tab has, or undefined when a person has to sign in first. */
export async function openPlayer(deviceSessionId?: string): Promise<Player | undefined> {
  const keys = await browserKeys(deviceSessionId === undefined ? {} : { deviceSessionId });
  const client = createGalaxyClient({ gateway: location.origin, keys });
  return client.session === undefined ? undefined : playerOf(client);
}

/** For a person who is not signed in on this machine. */
export async function signingIn(): Promise<SigningIn> {
  const keys = await browserKeys({ another: true });
  const client = createGalaxyClient({ gateway: location.origin, keys });
  let address = '';
  return {
    sendCode: (email, language) => {
      address = email;
      return client.sendEmailCode(email, language);
    },
    async confirm(challengeId, code) {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      const { deviceSessionId } = await client.confirmEmailCode(challengeId, code, deviceName(), timeZone);
      rememberName(deviceSessionId, address);
      return { player: playerOf(client), isStored: keys.isStored };
    },
    async recover(email, recoveryCode) {
      const { deviceSessionId } = await client.recover(email, recoveryCode, deviceName());
      rememberName(deviceSessionId, email);
      return { player: playerOf(client), isStored: keys.isStored };
    },
  };
}

/** People who have signed in on this machine, by the address with which they did. */
export async function peopleHere(): Promise<{ deviceSessionId: string; name: string | undefined }[]> {
  const names = rememberedNames();
  return (await storedSessions()).map(({ deviceSessionId }) => ({
    deviceSessionId,
    name: names[deviceSessionId],
  }));
}

export async function signOut({ client, deviceSessionId }: Player): Promise<void> {
  await client.user.session.revoke({ device_session_id: deviceSessionId });
  await forgetHere(deviceSessionId);
}

/** After a sign-out, also one that was made elsewhere. */
export async function forgetHere(deviceSessionId: string): Promise<void> {
  const { [deviceSessionId]: _, ...others } = rememberedNames();
  localStorage.setItem(namesItem, JSON.stringify(others));
  await forgetSession(deviceSessionId);
}

function playerOf(client: GalaxyClient): Player {
  const { session } = client;
  if (session === undefined) throw new TypeError('a player has signed in');
  const feed = new EventFeed((signal) => client.events({ signal }));
  const ended = Promise.withResolvers<unknown>();
  return {
    client,
    userId: session.userId,
    deviceSessionId: session.deviceSessionId,
    listen: (listener) => feed.listen({ item: listener, failed: ended.resolve }),
    ended: ended.promise,
  };
}

const namesItem = 'galaxy.people';

function rememberedNames(): Record<string, string> {
  return JSON.parse(localStorage.getItem(namesItem) ?? '{}');
}

/** By which the person of a session is listed on this machine. */
export function rememberName(deviceSessionId: string, name: string): void {
  localStorage.setItem(namesItem, JSON.stringify({ ...rememberedNames(), [deviceSessionId]: name }));
}

/** Such as "Firefox, Linux", for the list of sessions. */
function deviceName(): string {
  const { userAgent } = navigator;
  const find = (known: readonly (readonly [RegExp, string])[]) =>
    known.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = find([
    [/Firefox\//, 'Firefox'],
    [/Edg\//, 'Edge'],
    [/OPR\//, 'Opera'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ]);
  const system = find([
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Windows/, 'Windows'],
    [/Mac OS/, 'macOS'],
    [/Linux/, 'Linux'],
  ]);
  return [browser ?? 'Browser', ...(system === undefined ? [] : [system])].join(', ');
}
