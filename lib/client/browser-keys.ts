// The keys of a browser, in IndexedDB: a key pair for every session that someone signed in to on this machine. A script
// can use the private keys, and cannot read them out. Each tab acts for one session, which it keeps when it is reloaded.
import { type DeviceKeys, deviceKeys, generateKeyPair, type KeyPair, type Session } from './device-keys.ts';

const databaseName = 'galaxy-client';
const storeName = 'sessions';
/** Of sessionStorage, which is the tab's own. */
const chosenItem = 'galaxy-client.device-session-id';

type Stored = { session: Session; pair: KeyPair };

export type BrowserKeys = DeviceKeys & {
  /** False when the browser refuses to store the keys of this session: they are lost with the page. */
  readonly isStored: boolean;
};

/**
 * The keys of this tab's session, or of `deviceSessionId`; new ones when there is none, and for `another` person.
 * @throws Error on a page or in a browser that cannot have such keys; the message says what to do.
 */
export async function browserKeys(
  choice: { deviceSessionId?: string; another?: boolean } = {},
): Promise<BrowserKeys> {
  const chosen = choice.another ? undefined : await storedChoice(choice.deviceSessionId);
  const pair = chosen?.pair ?? (await newKeyPair());
  let isStored = chosen !== undefined;
  const keys = await deviceKeys(pair, chosen?.session, async (session) => {
    isStored = await store({ session, pair });
    choose(session.deviceSessionId);
  });
  return Object.defineProperty(keys, 'isStored', { get: () => isStored }) as BrowserKeys;
}

/** Of all who have signed in on this machine, for a menu. */
export async function storedSessions(): Promise<Session[]> {
  return (await readAll()).map(({ session }) => session);
}

/** After a sign-out. */
export async function forgetSession(deviceSessionId: string): Promise<void> {
  await inStore('readwrite', (sessions) => sessions.delete(deviceSessionId));
  if (chosenHere() === deviceSessionId) sessionStorage.removeItem(chosenItem);
}

async function storedChoice(deviceSessionId: string | undefined): Promise<Stored | undefined> {
  const all = await readAll();
  const chosen = deviceSessionId ?? chosenHere();
  if (chosen === null) return all.length === 1 ? all[0] : undefined;
  const found = all.find(({ session }) => session.deviceSessionId === chosen);
  if (found !== undefined) choose(chosen);
  return found;
}

function chosenHere(): string | null {
  return unlessRefused(() => sessionStorage.getItem(chosenItem), null);
}

function choose(deviceSessionId: string): void {
  unlessRefused(() => sessionStorage.setItem(chosenItem, deviceSessionId), undefined);
}

/** Browsers whose person wants nothing to be stored refuse every use of a storage. */
function unlessRefused<T>(use: () => T, otherwise: T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof DOMException) return otherwise;
    throw error;
  }
}

async function newKeyPair(): Promise<KeyPair> {
  if (!isSecureContext) {
    throw new Error('Open this page over https, or on localhost: browsers give keys only to such pages.');
  }
  try {
    return await generateKeyPair(false);
  } catch (error) {
    throw new Error('This browser has no Ed25519 keys. Chrome 137, Firefox 129 and Safari 17 have.', {
      cause: error,
    });
  }
}

/** Reads back what it has written, since some browsers lose keys. @returns whether they are kept. */
async function store(entry: Stored): Promise<boolean> {
  const { deviceSessionId } = entry.session;
  try {
    await inStore('readwrite', (sessions) => sessions.put(entry, deviceSessionId));
    const read = await inStore<Stored | undefined>('readonly', (sessions) => sessions.get(deviceSessionId));
    if (!(read?.pair.privateKey instanceof CryptoKey)) return false;
    await navigator.storage.persist();
    return true;
  } catch (error) {
    // As in some private windows. The session goes on, in memory.
    if (error instanceof DOMException) return false;
    throw error;
  }
}

async function readAll(): Promise<Stored[]> {
  try {
    return await inStore<Stored[]>('readonly', (sessions) => sessions.getAll());
  } catch (error) {
    if (error instanceof DOMException) return [];
    throw error;
  }
}

async function inStore<T>(
  mode: IDBTransactionMode,
  work: (sessions: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(databaseName, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(storeName);
  const database = await settled(opening);
  try {
    const transaction = database.transaction(storeName, mode);
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const request = work(transaction.objectStore(storeName));
    await committed;
    return request.result;
  } finally {
    database.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
