// One network that wants to guess codes, to flood mailboxes and to keep one person out, as fast as the gateways let it:
// it knows the limits, waits where it is told to, and spends every request on what may still succeed.
import { codeLifetimeMs, maxAttempts } from '../../lib/backend/domain/sign-in.ts';
import { Device } from './device.ts';
import type { HttpResponse, Platform } from './platform.ts';

export type Achieved = {
  requests: number;
  /** Codes that were judged, by address and by the digits of the code. */
  readonly judged: Map<string, { short: number; long: number }>;
  signedIn: number;
  mailsToStrangers: number;
};

export const newAchieved = (): Achieved => ({
  requests: 0,
  judged: new Map(),
  signedIn: 0,
  mailsToStrangers: 0,
});

type Target = { challengeId: string; email: string; expiresAt: number; attempts: number };

export class Attacker {
  readonly #platform: Platform;
  readonly #device: Device;
  readonly #from: string;
  readonly #victim: string;
  readonly #achieved: Achieved;
  readonly #mostStrangers: number;
  #targets: Target[] = [];
  #strangers = 0;
  /** When it may try again, by what was refused. */
  readonly #notBefore = new Map<string, number>();

  constructor(
    platform: Platform,
    options: { from: string; victim: string; mostStrangers: number; achieved: Achieved },
  ) {
    this.#platform = platform;
    this.#device = new Device(platform);
    this.#from = options.from;
    this.#victim = options.victim;
    this.#mostStrangers = options.mostStrangers;
    this.#achieved = options.achieved;
  }

  /** Sends to a gateway what it takes from one address at this moment, and no more than `most` requests. */
  async send(gateway: number, most: number): Promise<void> {
    for (let request = 0; request < most; request += 1) {
      const mayRequest = (email: string) => this.#may(`${gateway} ${email}`) && this.#may(email);
      if (mayRequest(this.#victim)) await this.#requestCode(gateway, this.#victim, this.#victim);
      else if (this.#may('guess') && this.#target() !== undefined) await this.#guess(gateway);
      else if (this.#strangers < this.#mostStrangers && mayRequest('strangers')) {
        this.#strangers += 1;
        await this.#requestCode(gateway, `stranger${this.#strangers}-${this.#from}@example.com`, 'strangers');
      } else return;
    }
  }

  async #requestCode(gateway: number, email: string, what: string): Promise<void> {
    const response = await this.#platform.post(gateway, this.#from, 'send-email-code', { email });
    this.#achieved.requests += 1;
    if (response.status !== 202) {
      // The gateways count for themselves, and the backends together.
      const byBackend = String(messageOf(response)).includes('asked for');
      this.#wait(byBackend ? what : `${gateway} ${what}`, response);
      return;
    }
    if (email !== this.#victim) this.#achieved.mailsToStrangers += 1;
    this.#targets.push({
      challengeId: String(response.body.challenge_id),
      email,
      expiresAt: this.#platform.clock + codeLifetimeMs,
      attempts: 0,
    });
  }

  /** Those of the victim first. */
  #target(): Target | undefined {
    this.#targets = this.#targets
      .filter(({ attempts, expiresAt }) => attempts < maxAttempts && expiresAt > this.#platform.clock)
      .slice(-100);
    return this.#targets.find(({ email }) => email === this.#victim) ?? this.#targets[0];
  }

  async #guess(gateway: number): Promise<void> {
    const target = this.#target();
    if (target === undefined) return;
    const code = String(target.attempts).padStart(8, '0');
    target.attempts += 1;
    const response = await this.#device.confirm(target.challengeId, code, this.#from, gateway);
    this.#achieved.requests += 1;
    if (response.status === 201) this.#achieved.signedIn += 1;
    else if (response.status === 429) {
      target.attempts -= 1;
      this.#wait('guess', response);
    } else if (isJudged(response)) this.#count(target);
  }

  #count({ challengeId, email }: Target): void {
    const content = this.#platform.mails.get(challengeId)?.content;
    if (content?.kind !== 'sign_in_code') throw new Error('no code was mailed');
    const judged = this.#achieved.judged.get(email) ?? { short: 0, long: 0 };
    judged[content.code.length === 8 ? 'short' : 'long'] += 1;
    this.#achieved.judged.set(email, judged);
  }

  #may(what: string): boolean {
    return (this.#notBefore.get(what) ?? 0) <= this.#platform.clock;
  }

  #wait(what: string, { status, retryAfterMs }: HttpResponse): void {
    if (status !== 429) throw new Error(`an attack was refused with ${status}`);
    this.#notBefore.set(what, this.#platform.clock + retryAfterMs);
  }
}

function messageOf({ body }: HttpResponse): unknown {
  return (body.error as { message?: unknown } | undefined)?.message;
}

/** Of a live challenge, the response says how many attempts are left. */
function isJudged({ body }: HttpResponse): boolean {
  return (body.error as { details?: { attempts_left?: unknown } }).details?.attempts_left !== undefined;
}
