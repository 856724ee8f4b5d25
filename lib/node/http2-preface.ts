import type { Duplex } from 'node:stream';

/** What every HTTP/2 client sends first (RFC 9113, section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Calls `onSpoken` once the peer has sent the preface, with nothing taken from the socket. A peer that sends anything
 * else is cut. One that sends nothing is left to the caller's time-out, and costs no HTTP/2 session until then.
 */
export function awaitHttp2Preface(socket: Duplex, onSpoken: () => void): void {
  let said = Buffer.alloc(0);
  const onReadable = () => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    said = Buffer.concat([said, bytes]);
    if (!said.subarray(0, preface.length).equals(preface.subarray(0, said.length))) {
      socket.destroy();
      return;
    }
    if (said.length < preface.length) return;
    socket.off('readable', onReadable).off('end', onEnd);
    // A session on a socket that has just broken would bring Node down when it looks for the bytes put back.
    if (socket.destroyed) return;
    socket.unshift(said);
    onSpoken();
  };
  const onEnd = () => socket.destroy();
  socket.on('readable', onReadable).on('end', onEnd);
}
