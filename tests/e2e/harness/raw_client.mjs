// A client that sends exactly the bytes it is told to, and reads responses one by one.
import net from 'node:net';
import tls from 'node:tls';

import {parseMessage} from './http_message.mjs';
import {eventually, within} from './waiting.mjs';

export class RawClient {
  #received = Buffer.alloc(0);
  #ending; // 'end' or 'reset'

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (bytes) => { this.#received = Buffer.concat([this.#received, bytes]); });
    socket.on('end', () => { this.#ending ??= 'end'; });
    socket.on('error', () => { this.#ending ??= 'reset'; });
    socket.on('close', () => { this.#ending ??= 'end'; });
  }

  // Bytes that no response() took yet.
  get received() { return this.#received; }
  get text() { return this.#received.toString('latin1'); }
  get isOver() { return this.#ending !== undefined; }

  send(bytes) { this.socket.write(Buffer.from(bytes, 'latin1')); }
  finish() { this.socket.end(); }

  // The next response, with its whole body; `to` is the method that it answers.
  async response(to = 'GET') {
    const parsed = await eventually('a whole response', () => {
      const message = parseMessage(this.#received, {kind: 'response', to, over: this.isOver});
      if (!message && this.isOver) throw new Error(`the connection ended after: ${JSON.stringify(this.text)}`);
      return message;
    });
    this.#received = this.#received.subarray(parsed.size);
    return parsed;
  }

  until(what, check) {
    return eventually(what, () => check(this.text));
  }

  // How the gateway ended the connection: 'end' or 'reset'.
  async ended() {
    await eventually('the end of the connection', () => this.isOver);
    return this.#ending;
  }
}

// A connection to `port` of loopback, closed with the scope; `secure` are options of tls.connect.
export async function connect(scope, port, {secure, ...options} = {}) {
  const address = {host: '127.0.0.1', port, allowHalfOpen: true, ...options};
  const socket = secure ? tls.connect({...address, ...secure}) : net.connect(address);
  scope.onClose(() => socket.destroy());
  await within('a connection', new Promise((resolve, reject) => {
    socket.once(secure ? 'secureConnect' : 'connect', resolve);
    socket.once('error', reject);
  }));
  return new RawClient(socket);
}

// One request on a connection of its own: {response, client}.
export async function exchange(scope, port, bytes, {to = 'GET', ...options} = {}) {
  const client = await connect(scope, port, options);
  client.send(bytes);
  return {response: await client.response(to), client};
}
