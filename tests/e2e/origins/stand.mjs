// A gateway with one worker before an origin, and what its clients do.
import assert from 'node:assert/strict';

import {startGateway} from '../harness/gateway.mjs';
import {connect, exchange} from '../harness/raw_client.mjs';
import {bearer, request} from '../harness/requests.mjs';
import {standardConfig} from '../harness/standard_config.mjs';
import {jwks, makeKey, mint} from '../harness/tokens.mjs';

export const subject = 'alice';

// {gateway, origin, token: of `subject`}
export async function startStand(scope, startOrigin) {
  const key = await makeKey('ES256');
  const origin = await startOrigin(scope);
  const gateway = await startGateway(scope, standardConfig({
    endpoint: `http://127.0.0.1:${origin.port}`, jwksFile: scope.file('jwks.json', jwks(key)),
  }));
  return {gateway, origin, token: await mint(key, {sub: subject})};
}

// Writes the bytes at once, or in up to `pieces` segments.
async function write(client, bytes, pieces) {
  client.socket.setNoDelay(true);
  const size = Math.max(7, Math.ceil(bytes.length / pieces));
  for (let at = 0; at < bytes.length && !client.isOver; at += size) {
    await new Promise((resolve) => client.socket.write(Buffer.from(bytes.slice(at, at + size), 'latin1'), resolve));
  }
}

// The next response that is final, or undefined when the connection ends before its end.
async function nextResponse(client, to) {
  for (;;) {
    const response = await client.response(to).catch((error) => {
      if (client.isOver) return undefined;
      throw error;
    });
    if (!response || response.status >= 200) return response;
  }
}

// Sends a payload, takes its answers and ends the connection: {responses, rest: what came behind them}.
export async function play(scope, port, payload, {token, pieces = 1}) {
  const client = await connect(scope, port);
  await write(client, payload.bytes(token), pieces);
  if (payload.unfinished) client.finish();
  const responses = [];
  while (responses.length < payload.answers) {
    const response = await nextResponse(client, responses.length ? 'GET' : payload.to);
    if (!response) break;
    responses.push(response);
  }
  client.finish();
  await client.ended();
  return {responses, rest: responses.length < payload.answers ? '' : client.text};
}

// Sends a payload and nothing more, and waits until the server has ended the connection.
export async function playToTheEnd(scope, port, payload) {
  const client = await connect(scope, port);
  client.send(payload.bytes('none'));
  client.finish();
  await client.ended();
}

export const echoOf = (path, user = '') => `GET ${path} user=${user}\n`;

// Somebody else's request, on a connection of its own, gets its own answer.
export async function assertInnocentIsServed(scope, {gateway, token}, path) {
  const {response, client} = await exchange(scope, gateway.port, request('GET', path, [bearer(token)]));
  client.socket.destroy();
  assert.equal(response.text, echoOf(path, subject), 'somebody else got another answer than his own');
  assert.equal(response.status, 200);
}
