// New players who sign in: request a code, take it out of the mailer's log, and confirm it with a key of their own.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Pool } from 'undici';
import { confirmBytes } from '../../../lib/protocol/envelope.ts';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';
import { signWith } from './sessions.ts';

const prefix = '/api/v1/public/auth';
const readEveryMs = 5;
const mailedWithinMs = 30_000;

let pool: Pool | undefined;
let mails: Mails | undefined;

const calls = {
  /** Signs in for a time. @param mailLog what the mailer writes to. */
  async run(httpUrl: string, mailLog: string, inFlight: number, ms: number): Promise<LoopRound> {
    pool ??= new Pool(httpUrl, { connections: inFlight });
    mails ??= new Mails(mailLog);
    const [http, inbox] = [pool, mails];
    inbox.follow();
    try {
      return await closedLoop(inFlight, ms, () => signIn(http, inbox));
    } finally {
      await inbox.rest();
    }
  },
};
export type SignInLoadCalls = typeof calls;
serveCalls(calls);

async function signIn(http: Pool, inbox: Mails): Promise<void> {
  const { privateKey: key, publicKey } = generateKeyPairSync('ed25519');
  const clientPublicKey = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const sent = await post(http, 'send-email-code', { email: `${randomUUID()}@example.com` });
  const challengeId = String(sent.challenge_id);
  const code = await inbox.codeOf(challengeId);
  const proof = signWith({ key }, confirmBytes({ challengeId, clientPublicKey }));
  const confirmed = await post(http, 'confirm-email-code', {
    challenge_id: challengeId,
    code,
    client_public_key: clientPublicKey.toString('base64'),
    proof: proof.toString('base64'),
    device_name: 'bench',
  });
  if (typeof confirmed.device_session_id !== 'string')
    throw new Error(`no session: ${JSON.stringify(confirmed)}`);
}

async function post(http: Pool, route: string, body: object): Promise<Record<string, unknown>> {
  const response = await http.request({
    method: 'POST',
    path: `${prefix}/${route}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${route} got ${response.statusCode} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** The codes that a log receives, read from where it ended before. */
class Mails {
  readonly #path: string;
  readonly #codes = new Map<string, string>();
  readonly #waiting = new Map<string, (code: string) => void>();
  #offset = 0;
  #rest = '';
  #reading: Promise<void> | undefined;
  #following = false;

  constructor(path: string) {
    this.#path = path;
  }

  follow(): void {
    this.#following = true;
    this.#reading = this.#read();
  }

  async rest(): Promise<void> {
    this.#following = false;
    await this.#reading;
  }

  codeOf(challengeId: string): Promise<string> {
    const code = this.#codes.get(challengeId);
    this.#codes.delete(challengeId);
    if (code !== undefined) return Promise.resolve(code);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no code for ${challengeId}`)), mailedWithinMs);
      this.#waiting.set(challengeId, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
    });
  }

  async #read(): Promise<void> {
    const file = await open(this.#path);
    try {
      while (this.#following) {
        const { size } = await file.stat();
        if (size > this.#offset) {
          const { bytesRead, buffer } = await file.read(Buffer.alloc(size - this.#offset), {
            position: this.#offset,
          });
          this.#offset += bytesRead;
          this.#take(buffer.toString('utf8', 0, bytesRead));
        } else await new Promise((resolve) => setTimeout(resolve, readEveryMs));
      }
    } finally {
      await file.close();
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.includes('"sign-in code"')) continue;
      const { challenge_id: challengeId, code } = JSON.parse(line) as { challenge_id: string; code: string };
      const waiting = this.#waiting.get(challengeId);
      this.#waiting.delete(challengeId);
      if (waiting === undefined) this.#codes.set(challengeId, code);
      else waiting(code);
    }
  }
}
