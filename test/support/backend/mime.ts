// Reads a mail as a mail program would, as far as the platform's mails go: headers with encoded words (RFC 2047), and
// the parts of a multipart/alternative in their transfer encodings.

export type ReceivedMail = {
  /** Whom the envelope names. */
  readonly recipients: readonly string[];
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The text of each part, by its type: `text/plain`, `text/html`. */
  readonly parts: ReadonlyMap<string, string>;
  /** Whether it came over TLS. */
  readonly secure: boolean;
  readonly raw: string;
};

export function readMail(raw: string, recipients: readonly string[], secure: boolean): ReceivedMail {
  const { headers, body } = readEntity(raw);
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type') ?? '')?.[1];
  const parts = new Map<string, string>();
  for (const piece of boundary === undefined ? [] : body.split(`--${boundary}`).slice(1, -1)) {
    const part = readEntity(piece.replace(/^\r\n/, ''));
    const [type = ''] = (part.headers.get('content-type') ?? '').split(';');
    parts.set(type, decodeBody(part.body, part.headers.get('content-transfer-encoding')));
  }
  return { recipients, headers, parts, secure, raw };
}

function readEntity(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const headers = new Map<string, string>();
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    if (headers.has(name)) throw new Error(`the header ${name} comes twice`);
    headers.set(name, decodeWords(line.slice(at + 1).trim()));
  }
  return { headers, body: raw.slice(end + 4) };
}

function decodeBody(body: string, encoding = '7bit'): string {
  const text = body.replace(/\r\n$/, '');
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(text, 'base64').toString('utf8').replaceAll('\r\n', '\n');
    case 'quoted-printable':
      return decodeQuoted(text.replaceAll('=\r\n', '')).replaceAll('\r\n', '\n');
    default:
      return text.replaceAll('\r\n', '\n');
  }
}

function decodeWords(text: string): string {
  return text
    .replaceAll(/(\?=)[ \t]+(?==\?)/g, '$1')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    );
}

function decodeQuoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
