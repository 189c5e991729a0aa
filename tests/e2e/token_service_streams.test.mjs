// What is open when its session ends: tunnels and responses that still stream.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import http from 'node:http';
import {before, describe, it} from 'node:test';

import WebSocket, {WebSocketServer} from 'ws';

import {connect} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {eventually, within} from './harness/waiting.mjs';

const suiteScope = scoped();
let service, other, streams;

// Echoes on WebSockets; every other request gets the first event of a stream that goes on for ever, or has much to say.
async function startStreamer(scope) {
  const open = new Set();
  const server = http.createServer(({url}, response) => {
    response.writeHead(200, {'Content-Type': 'text/event-stream'});
    response.write('data: first\n\n');
    if (url.endsWith('/much')) response.write(Buffer.alloc(64 * 1024 * 1024)); // the kernel does not keep so much
    open.add(response);
    response.on('close', () => open.delete(response));
  });
  const sockets = new WebSocketServer({server});
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.onClose(() => new Promise((resolve) => {
    sockets.clients.forEach((client) => client.terminate());
    server.close(resolve);
    server.closeAllConnections();
  }));
  return {endpoint: `http://127.0.0.1:${server.address().port}`, open, sockets};
}

before(async () => {
  streams = await startStreamer(suiteScope);
  const upstreams = {orders: {endpoints: [streams.endpoint]}};
  service = await startTokenService(suiteScope, {users: {alice: [], bob: []}, upstreams});
  other = await startTokenService(suiteScope, {like: service, upstreams});
});

async function openSocket(t, gateway, token, path = '/orders') {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, {headers: {Authorization: `Bearer ${token}`}});
  t.after(() => socket.terminate());
  socket.on('error', () => {});
  await within('the socket opens', once(socket, 'open'));
  return socket;
}

async function assertEchoes(socket) {
  socket.send('hello');
  const [data] = await within('the echo', once(socket, 'message'));
  assert.equal(`${data}`, 'hello');
}

const isClosed = (socket) => socket.readyState === WebSocket.CLOSED;

describe('when a session ends', () => {
  for (const [where, gatewayOf] of [['this gateway', () => service.gateway], ['another gateway', () => other.gateway]]) {
    it(`its WebSockets through ${where} are closed, on both sides, and those of other sessions are not`, async (t) => {
      const [session, staying] = [await service.login('alice'), await service.login('alice')];
      const ended = await openSocket(t, gatewayOf(), session.access_token);
      const stays = await openSocket(t, gatewayOf(), staying.access_token);
      const upstreamSockets = streams.sockets.clients.size;
      await assertEchoes(ended);
      await service.logout({refresh_token: session.refresh_token});
      await eventually('the socket is closed', () => isClosed(ended));
      await eventually('the upstream saw it', () => streams.sockets.clients.size === upstreamSockets - 1);
      await assertEchoes(stays);
      const line = await eventually('its line in the log', () =>
        gatewayOf().lines.find((each) => each.status === 101 && each.reason === 'token_revoked'));
      assert.equal(line.side, 'downstream');
    });
  }

  it('a response that streams is cut off, never ended as if it were whole', async () => {
    const session = await service.login('bob');
    const client = await connect(suiteScope, service.gateway.port);
    client.send(request('GET', '/orders/events', [bearer(session.access_token)]));
    await client.until('the first event', (text) => text.includes('data: first'));
    assert.equal(streams.open.size, 1);
    await service.logout({refresh_token: session.refresh_token, all: true});
    assert.equal(await client.ended(), 'reset');
    assert.doesNotMatch(client.text, /\r\n0\r\n/);
    await eventually('the upstream\'s too', () => streams.open.size === 0);
  });

  it('a response is cut off as well where the client takes no more of it', async () => {
    const session = await service.login('bob');
    const client = await connect(suiteScope, service.gateway.port);
    client.send(request('GET', '/orders/much', [bearer(session.access_token)]));
    await client.until('the first event', (text) => text.includes('data: first'));
    client.socket.pause();
    await service.logout({refresh_token: session.refresh_token, all: true});
    assert.equal((await service.gateway.lineOf('/orders/much')).reason, 'token_revoked');
  });

  it('a tunnel is reset on both sides', async () => {
    const session = await service.login('bob');
    const client = await connect(suiteScope, service.gateway.port);
    client.send(request('GET', '/orders', [bearer(session.access_token), 'Connection: Upgrade', 'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']));
    await client.until('101', (text) => text.endsWith('\r\n\r\n'));
    const [upstreamSocket] = [...streams.sockets.clients].slice(-1);
    let failure;
    upstreamSocket.on('error', () => {});
    upstreamSocket._socket.on('error', (error) => { failure = error; });
    await service.logout({refresh_token: session.refresh_token, all: true});
    assert.equal(await client.ended(), 'reset');
    await eventually('the reset at the upstream', () => failure?.code === 'ECONNRESET');
  });

  it('nothing of an observed route is closed', async (t) => {
    const session = await service.login('alice');
    const socket = await openSocket(t, service.gateway, session.access_token, '/observed');
    const guarded = await openSocket(t, service.gateway, session.access_token);
    await service.logout({refresh_token: session.refresh_token});
    await eventually('the guarded one is closed', () => isClosed(guarded));
    await assertEchoes(socket);
  });
});
