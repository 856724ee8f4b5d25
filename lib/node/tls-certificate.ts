// A TLS certificate and its key from two PEM files: checked at start, and read again every minute, so that a renewed
// certificate is used without a restart. Open connections continue with theirs.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { StartupError } from '../config/startup.ts';
import type { Logger } from '../telemetry/logger.ts';

const readAgainEveryMs = 60_000;

export type CertificateFiles = {
  readonly certPath: string;
  readonly keyPath: string;
  /** The variables that set the paths, for messages. */
  readonly certVariable: string;
  readonly keyVariable: string;
};

export class TlsCertificate {
  readonly #files: CertificateFiles;
  #pem: Pem;
  #onRenewed: ((options: SecureContextOptions) => void) | undefined;

  private constructor(files: CertificateFiles, pem: Pem) {
    this.#files = files;
    this.#pem = pem;
  }

  /** @throws StartupError naming the variable whose file cannot be used; it never shows the content of a key. */
  static async load(files: CertificateFiles): Promise<TlsCertificate> {
    return new TlsCertificate(files, await readPem(files));
  }

  options(): SecureContextOptions {
    return { ...this.#pem, minVersion: 'TLSv1.2' };
  }

  /** @param take called with the new options whenever the files have changed. */
  onRenewed(take: (options: SecureContextOptions) => void): void {
    this.#onRenewed = take;
  }

  /** A warning about its validity at this time, if there is one. */
  warning(now: Date): string | undefined {
    const { validFromDate, validToDate } = new X509Certificate(this.#pem.cert);
    if (now > validToDate) return `the TLS certificate has expired at ${validToDate.toISOString()}`;
    if (now < validFromDate) return `the TLS certificate is not valid before ${validFromDate.toISOString()}`;
    return undefined;
  }

  /** Reads the files again; true when they have changed. @throws StartupError; the old certificate stays then. */
  async reload(): Promise<boolean> {
    const pem = await readPem(this.#files);
    if (pem.cert === this.#pem.cert && pem.key === this.#pem.key) return false;
    this.#pem = pem;
    this.#onRenewed?.(this.options());
    return true;
  }

  /** Reads the files again every minute; for an invalid renewal it logs a warning, and the old certificate stays. */
  keepFresh(log: Pick<Logger, 'info' | 'warn'>): void {
    setInterval(() => {
      this.reload().then(
        (isNew) => {
          if (isNew) log.info('TLS certificate renewed');
          const warning = this.warning(new Date());
          if (warning !== undefined) log.warn(warning);
        },
        (error: unknown) =>
          log.warn({ error }, 'the TLS certificate cannot be read again; the old one stays'),
      );
    }, readAgainEveryMs).unref();
  }
}

type Pem = { readonly cert: string; readonly key: string };

async function readPem({ certPath, keyPath, certVariable, keyVariable }: CertificateFiles): Promise<Pem> {
  const [cert, key] = [await readText(certPath, certVariable), await readText(keyPath, keyVariable)];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    throw problem(
      certVariable,
      `${certPath} does not contain a certificate in PEM (-----BEGIN CERTIFICATE-----)`,
    );
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw problem(keyVariable, `${keyPath} does not contain a private key in PEM, or it has a passphrase`);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw problem(keyVariable, `the key in ${keyPath} does not belong to the certificate in ${certPath}`);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw problem(
      certVariable,
      `${certPath} cannot be used: ${error instanceof Error ? error.message : error}`,
    );
  }
  return { cert, key };
}

async function readText(path: string, variable: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem(variable, `cannot read ${path} (${error.code ?? error.name})`);
  });
}

function problem(variable: string, message: string): StartupError {
  return new StartupError([{ variable, message }]);
}
