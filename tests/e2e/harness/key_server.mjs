// A provider's metadata and keys on loopback, with answers that a test changes: good ones, and every fault.
import {createHash} from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import {gzipSync} from 'node:zlib';

import {freePort} from './free_port.mjs';
import {jwks} from './tokens.mjs';
import {eventually} from './waiting.mjs';

export const metadataPath = '/.well-known/openid-configuration';
export const keysPath = '/jwks';

class KeyServer {
  keys = [];      // published at `keysPath`: what makeKey() gave, or anything else that shall stand in the set
  document = {};  // laid over the metadata document
  fields = {};    // of each good answer, beside Content-Type
  etag = false;   // good answers carry an ETag and give way to 304
  gzip = false;   // good answers are compressed
  requests = [];  // {path, fields, status, at: milliseconds of performance.now()}
  #answers = new Map();
  #sockets = new Set();

  constructor({secure, path}) {
    Object.assign(this, {secure, path});
    this.good = {
      [`${path}${metadataPath}`]: () => ({issuer: this.issuer, jwks_uri: this.keysUrl, ...this.document}),
      [`${path}${keysPath}`]: () => ({keys: this.keys.map((key) => key?.jwk ?? key)}),
    };
  }

  get origin() { return `${this.secure ? 'https' : 'http'}://127.0.0.1:${this.port}`; }
  get issuer() { return `${this.origin}${this.path}`; }
  get keysUrl() { return `${this.issuer}${keysPath}`; }

  // From here on `path` is answered by `answer(request, response, server)`, e.g. one of `answers`.
  on(path, answer) { this.#answers.set(path, answer); }
  // From here on everything is as at the start again.
  heal() { this.#answers.clear(); }

  requestsOf(path) { return this.requests.filter((request) => request.path === path); }
  // How often the keys were asked for.
  get fetches() { return this.requestsOf(`${this.path}${keysPath}`).length; }
  fetched(count) { return eventually(`${count} fetches of the keys`, () => this.fetches >= count); }

  // Requests to `path` wait until release(), and are then answered as `answer` says; `waiting` counts them.
  hold(path, answer) {
    const held = {waiting: 0};
    const gate = new Promise((resolve) => { held.release = resolve; });
    this.on(path, async (...exchange) => {
      ++held.waiting;
      await gate;
      (answer ?? this.#goodAnswer(path))(...exchange);
    });
    return held;
  }

  #goodAnswer(path) {
    return Object.hasOwn(this.good, path) ? answers.json(this.good[path]) : answers.status(404);
  }

  #answer(request, response) {
    const path = request.url;
    const entry = {path, fields: request.headers, at: performance.now()};
    this.requests.push(entry);
    response.on('error', () => {});
    response.on('finish', () => { entry.status = response.statusCode; });
    (this.#answers.get(path) ?? this.#goodAnswer(path))(request, response, this);
  }

  // Listens, on the same port each time.
  async start() {
    const server = this.secure ? https.createServer(this.secure) : http.createServer();
    server.on('request', (request, response) => this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.port ??= await freePort();
    await new Promise((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.stop = () => new Promise((resolve) => {
      server.close(resolve);
      this.#sockets.forEach((socket) => socket.destroy());
    });
  }
}

// Starts one; `path` is the issuer's, `secure` are the options of https.createServer. The scope ends it.
export async function startKeyServer(scope, {keys = [], path = '', secure} = {}) {
  const server = new KeyServer({secure, path});
  server.keys = keys;
  await server.start();
  scope.onClose(() => server.stop());
  return server;
}

const sendWhole = (type, text) => (_, response) => {
  response.writeHead(200, {'Content-Type': type});
  response.end(text);
};

// Ways to answer, for KeyServer.on().
export const answers = {
  // A value, or a function that gives it, with the server's `fields`, `etag` and `gzip`.
  json: (value) => (request, response, server) => {
    const text = JSON.stringify(typeof value === 'function' ? value() : value);
    const tag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
    const fields = {'Content-Type': 'application/json', ...server.fields, ...(server.etag && {ETag: tag})};
    if (server.etag && request.headers['if-none-match'] === tag) {
      response.writeHead(304, fields);
      response.end();
      return;
    }
    response.writeHead(200, {...fields, ...(server.gzip && {'Content-Encoding': 'gzip'})});
    response.end(server.gzip ? gzipSync(text) : text);
  },
  status: (code, text = '') => (_, response) => {
    response.writeHead(code, {'Content-Type': 'text/plain'});
    response.end(text);
  },
  redirect: (to, code = 302) => (_, response) => {
    response.writeHead(code, {Location: to});
    response.end();
  },
  text: (text) => sendWhole('application/json', text),
  html: sendWhole('text/html', '<!doctype html><title>Sign in</title><p>Please sign in to the hotel\'s network.'),
  // The start of a document whose connection ends before the promised length, or before the last chunk.
  cutOff: (text, {chunked = false} = {}) => (_, response) => {
    response.writeHead(200, {'Content-Type': 'application/json', ...(!chunked && {'Content-Length': text.length * 2})});
    response.write(text, () => response.destroy());
  },
  // A set of `megabytes` that would be good but for its size: padded before its keys.
  huge: (keys, megabytes, {length = false} = {}) => (_, response) => {
    const [head, tail] = ['{"padding":"', `",${JSON.stringify(jwks(...keys)).slice(1)}`];
    const size = megabytes * 1024 * 1024;
    response.writeHead(200, {'Content-Type': 'application/json', ...(length && {'Content-Length': head.length + size + tail.length})});
    response.write(head);
    const piece = 'x'.repeat(1024 * 1024);
    const writeMore = (left) => {
      if (left === 0) response.end(tail);
      else if (!response.destroyed) response.write(piece, () => writeMore(left - 1));
    };
    writeMore(megabytes);
  },
  // The same set in a few kilobytes on the wire.
  gzipBomb: (keys, megabytes) => (_, response) => {
    const text = `{"padding":"${'x'.repeat(megabytes * 1024 * 1024)}",${JSON.stringify(jwks(...keys)).slice(1)}`;
    response.writeHead(200, {'Content-Type': 'application/json', 'Content-Encoding': 'gzip'});
    response.end(gzipSync(text));
  },
  brokenGzip: (_, response) => {
    response.writeHead(200, {'Content-Type': 'application/json', 'Content-Encoding': 'gzip'});
    response.end(gzipSync('{"keys":[]}').subarray(0, 15));
  },
  hang: () => {},
  // A head, the start of a body, and then silence.
  stall: (_, response) => {
    response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': 1000});
    response.write('{"keys":[');
  },
  // A body that always goes on and never ends.
  trickle: (_, response) => {
    response.writeHead(200, {'Content-Type': 'application/json'});
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  },
};
