// The frame of a message, which gRPC, Connect and gRPC-Web have in common: a byte of flags (none: not compressed), four of
// length, and the message.

export const frameHeadBytes = 5;

/** Not from Node's pool: a frame that waits for a slow client would hold the whole slab. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(frameHeadBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, frameHeadBytes);
  return frame;
}

export function messageOf(frame: Buffer): Buffer {
  return frame.subarray(frameHeadBytes);
}
