import type { Duplex } from 'node:stream';

/** The first bytes of every HTTP/2 client (RFC 9113, section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Calls `onPreface` once the peer has sent the preface, which stays in the socket. A peer that sends anything else is
 * cut. The caller's time-out ends one that sends nothing; until then it costs no HTTP/2 session.
 */
export function awaitHttp2Preface(socket: Duplex, onPreface: () => void): void {
  let received = Buffer.alloc(0);
  const onReadable = () => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    received = Buffer.concat([received, bytes]);
    if (!received.subarray(0, preface.length).equals(preface.subarray(0, received.length))) {
      socket.destroy();
      return;
    }
    if (received.length < preface.length) return;
    socket.off('readable', onReadable).off('end', onEnd);
    // A session on a socket that has just broken would crash Node when it reads the bytes put back.
    if (socket.destroyed) return;
    socket.unshift(received);
    onPreface();
  };
  const onEnd = () => socket.destroy();
  socket.on('readable', onReadable).on('end', onEnd);
}
