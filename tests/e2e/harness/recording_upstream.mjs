// An upstream that keeps every byte it received and answers as its script says.
import net from 'node:net';
import tls from 'node:tls';

import {parseMessage} from './http_message.mjs';
import {eventually} from './waiting.mjs';

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

class RecordingUpstream {
  connections = []; // {socket, bytes, requests}
  requests = [];    // every whole request, in the order of arrival

  // Called with each whole request and its connection; what it returns is sent.
  answer = () => ok;
  // Called as bytes arrive, before `answer`; true: the script does everything by itself.
  onBytes = () => false;

  get bytes() { return Buffer.concat(this.connections.map((connection) => connection.bytes)).toString('latin1'); }
  get last() { return this.requests.at(-1); }
  get endpoint() { return `${this.secure ? 'https' : 'http'}://127.0.0.1:${this.port}`; }
  get openConnections() { return this.connections.filter(({over}) => !over).length; }

  forget() {
    this.requests = [];
    for (const connection of this.connections) connection.bytes = connection.unread = Buffer.alloc(0);
  }

  // Waits until `count` whole requests have arrived.
  received(count) {
    return eventually(`${count} requests at the upstream`, () => this.requests.length >= count && this.requests);
  }

  accept(socket) {
    const connection = {socket, bytes: Buffer.alloc(0), unread: Buffer.alloc(0), requests: [], over: false};
    connection.reused = socket.isSessionReused?.() ?? false;
    this.connections.push(connection);
    socket.on('error', () => {});
    socket.on('close', () => { connection.over = true; });
    socket.on('end', () => { connection.ended = true; socket.end(); });
    socket.on('data', (bytes) => {
      connection.bytes = Buffer.concat([connection.bytes, bytes]);
      connection.unread = Buffer.concat([connection.unread, bytes]);
      if (!this.onBytes(connection)) this.#answerRequests(connection);
    });
  }

  async #answerRequests(connection) {
    for (let request; (request = parseMessage(connection.unread, {kind: 'request'})); ) {
      connection.unread = connection.unread.subarray(request.size);
      connection.requests.push(request);
      this.requests.push(request);
      const answer = await this.answer(request, connection);
      if (answer !== undefined && !connection.socket.destroyed) connection.socket.write(Buffer.from(answer, 'latin1'));
    }
  }
}

// Starts one on loopback; `secure` are the options of tls.createServer. The scope ends it.
export async function startUpstream(scope, {answer, onBytes, secure, port = 0} = {}) {
  const upstream = new RecordingUpstream();
  if (answer) upstream.answer = answer;
  if (onBytes) upstream.onBytes = onBytes;
  upstream.secure = secure;
  const accept = (socket) => upstream.accept(socket);
  const server = secure ? tls.createServer({...secure, allowHalfOpen: true}, accept)
    : net.createServer({allowHalfOpen: true}, accept);
  server.on('tlsClientError', () => {});
  const sockets = new Set();
  server.on('connection', (socket) => {
    upstream.accepted = (upstream.accepted ?? 0) + 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen({port, host: '127.0.0.1', backlog: 4096}, resolve));
  upstream.port = server.address().port;
  upstream.close = () => new Promise((resolve) => {
    server.close(resolve);
    sockets.forEach((socket) => socket.destroy());
  });
  scope.onClose(upstream.close);
  return upstream;
}
