// How far the bytes of a connection have come.
import {readFileSync} from 'node:fs';

import {eventually} from './waiting.mjs';

// More than the kernel keeps for both connections of a gateway.
export const plenty = Buffer.alloc(64 * 1024 * 1024, 'x');

// Bytes that the socket's peer has not acknowledged.
export function unacknowledged(socket) {
  const port = socket.localPort.toString(16).toUpperCase().padStart(4, '0');
  const peer = socket.remotePort.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`:${port} \\w+:${peer} \\w\\w (\\w+):`).exec(readFileSync('/proc/net/tcp', 'utf8'));
  return Number.parseInt(line[1], 16) + socket.writableLength;
}

// Until nothing of what the socket has to send has gone on for many looks.
export function standstill(what, socket) {
  let before, looks = 0;
  return eventually(what, () => {
    const now = unacknowledged(socket);
    looks = now > 0 && now === before ? looks + 1 : 0;
    before = now;
    return looks === 10;
  });
}
