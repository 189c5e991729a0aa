// A service that knows the users (`verify_url`), on loopback, with answers that a test changes.
import http from 'node:http';
import https from 'node:https';

import {freePort} from './free_port.mjs';

const collect = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
};

const sendJson = (response, status, value) => {
  response.writeHead(status, {'Content-Type': 'application/json'});
  response.end(JSON.stringify(value));
};

class VerifyingService {
  requests = []; // {path, method, fields, body}

  constructor(users, secure) { Object.assign(this, {users, secure}); }

  get url() { return `${this.secure ? 'https' : 'http'}://127.0.0.1:${this.port}/verify`; }
  get last() { return this.requests.at(-1); }

  // From here on every request is answered by `answer(request, response)`; without one, as the users are.
  on(answer) { this.answer = answer; }

  // As a service of this kind answers: the claims, or 401.
  #judge(body, response) {
    const {username, password} = JSON.parse(body);
    const user = this.users[username];
    if (user?.password === password) sendJson(response, 200, user.claims ?? {});
    else sendJson(response, 401, {error: 'no'});
  }

  async start() {
    const server = this.secure ? https.createServer(this.secure) : http.createServer();
    server.on('request', async (request, response) => {
      const body = await collect(request);
      this.requests.push({path: request.url, method: request.method, fields: request.headers, body});
      if (this.answer) this.answer(request, response);
      else this.#judge(body, response);
    });
    this.port ??= await freePort();
    await new Promise((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.stop = () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}

// `users` are {password, claims} by name; `secure` are the options of https.createServer. The scope ends it.
export async function startVerifyingService(scope, users, secure) {
  const service = new VerifyingService(users, secure);
  await service.start();
  scope.onClose(() => service.stop());
  return service;
}
