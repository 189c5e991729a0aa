// WebSocket and other upgrades: a tunnel after 101, and only behind an accepted token.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {before, describe, it} from 'node:test';

import WebSocket, {WebSocketServer} from 'ws';

import {startGateway} from './harness/gateway.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {unacknowledged} from './harness/standing.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey, mint, withOtherSignature} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

const upgrade = (fields = []) => request('GET', '/orders/socket', [
  'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', ...fields,
]);
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

describe('ws through the tunnel', () => {
  const scope = scoped();
  let gateway, key, server, token;
  const handshakes = [];
  before(async () => {
    key = await makeKey('ES256');
    token = await mint(key);
    server = new WebSocketServer({host: '127.0.0.1', port: 0});
    await once(server, 'listening');
    scope.onClose(() => new Promise((resolve) => {
      server.clients.forEach((client) => client.terminate());
      server.close(resolve);
    }));
    server.on('connection', (socket, {headers, url}) => {
      handshakes.push({headers, url});
      socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary}));
    });
    const route = (name, from) => ({
      name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['shop'], from}, claim_headers: {sub: 'X-User-Id'},
    });
    gateway = await startGateway(scope, standardConfig({
      endpoint: `http://127.0.0.1:${server.address().port}`, jwksFile: scope.file('jwks.json', jwks(key)),
      routes: [route('protocol', [{websocket_protocol: 'bearer'}]), route('query', [{query: 'token'}]), route('cookie', [{cookie: 'session'}])],
    }));
  });

  const open = async (t, path, protocols, options) => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, options);
    t.after(() => socket.terminate());
    const opened = new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (_, response) => reject(Object.assign(new Error(`status ${response.statusCode}`), {status: response.statusCode})));
      socket.once('error', reject);
    });
    return within('the socket opens', opened);
  };
  const echo = async (socket, message) => {
    socket.send(message);
    const [data] = await within('the echo', once(socket, 'message'));
    return data;
  };

  it('echoes text, binary and a large message', async (t) => {
    const socket = await open(t, '/orders', [], {headers: {Authorization: `Bearer ${token}`}});
    assert.equal((await echo(socket, 'hello')).toString(), 'hello');
    assert.deepEqual(await echo(socket, Buffer.from([0, 255, 10])), Buffer.from([0, 255, 10]));
    const large = Buffer.alloc(3_000_000, 'x');
    assert.ok(large.equals(await echo(socket, large)));
    assert.equal(handshakes.at(-1).headers['x-user-id'], 'alice');
    assert.equal(handshakes.at(-1).headers.authorization, undefined);
    socket.close(1000);
    await within('the close', once(socket, 'close'));
    const line = await gateway.lineOf('/orders');
    assert.equal(line.status, 101);
  });

  it('takes the token from a subprotocol, and the upstream sees the others only', async (t) => {
    const socket = await open(t, '/protocol', ['bearer', token, 'chat']);
    assert.equal((await echo(socket, 'x')).toString(), 'x');
    assert.equal(handshakes.at(-1).headers['sec-websocket-protocol'], 'chat');
    assert.equal(socket.protocol, 'chat');
  });

  it('takes the token from the query', async (t) => {
    await open(t, `/query?a=1&token=${token}`, []);
    assert.equal(handshakes.at(-1).url, '/query?a=1');
  });

  it('takes the token from a cookie, but not across sites', async (t) => {
    const headers = {Cookie: `session=${token}`};
    await open(t, '/cookie', [], {headers: {...headers, Origin: `http://127.0.0.1:${gateway.port}`}});
    await assert.rejects(open(t, '/cookie', [], {headers: {...headers, Origin: 'https://evil.example'}}), {status: 403});
  });

  it('says 401 instead of 101 to a bad token and to none', async (t) => {
    const seen = handshakes.length;
    await assert.rejects(open(t, '/orders', [], {headers: {Authorization: `Bearer ${withOtherSignature(token)}`}}), {status: 401});
    await assert.rejects(open(t, '/orders', []), {status: 401});
    assert.equal(handshakes.length, seen);
  });
});

describe('the tunnel', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope)));
  const tunnel = (t, answer) => {
    const scope = scoped(t);
    const answered = new Set();
    upstream.onBytes = (connection) => {
      if (answered.has(connection) || !connection.unread.includes('\r\n\r\n')) return true;
      answered.add(connection);
      connection.switched = true;
      connection.socket.write(answer);
      return true;
    };
    scope.onClose(() => { upstream.onBytes = () => false; });
    return scope;
  };

  it('carries bytes that come with the head of either side', async (t) => {
    const client = await connect(tunnel(t, `${switching}from the upstream`), gateway.port);
    client.send(`${upgrade([bearer(await mint(key)).join(': ')])}from the client`);
    await client.until('the upstream\'s first bytes', (text) => text.endsWith('from the upstream'));
    await eventually('the client\'s first bytes', () => upstream.bytes.endsWith('\r\n\r\nfrom the client'));
    assert.match(client.text, /^HTTP\/1.1 101 /);
  });

  it('carries a one-sided end to the other side', async (t) => {
    const client = await connect(tunnel(t, switching), gateway.port);
    client.send(upgrade([bearer(await mint(key)).join(': ')]));
    await client.until('101', (text) => text.startsWith('HTTP/1.1 101'));
    const connection = upstream.connections.findLast(({switched}) => switched);
    client.finish();
    await eventually('the end at the upstream', () => connection.ended || connection.over);
  });

  it('carries another protocol that both sides agree on', async (t) => {
    const client = await connect(tunnel(t, 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n'), gateway.port);
    client.send(request('GET', '/open', ['Connection: upgrade', 'Upgrade: echo/1']));
    await client.until('101', (text) => text.startsWith('HTTP/1.1 101'));
  });

  it('is opened as well by a request that says its body is empty', async (t) => {
    const client = await connect(tunnel(t, switching), gateway.port);
    client.send(`${upgrade([bearer(await mint(key)).join(': '), 'Content-Length: 0'])}from the client`);
    await client.until('101', (text) => text.startsWith('HTTP/1.1 101'));
    await eventually('the client\'s first bytes', () => upstream.bytes.endsWith('\r\n\r\nfrom the client'));
  });

  it('is not opened when the upstream answers with something else', async (t) => {
    const client = await connect(tunnel(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'), gateway.port);
    client.send(upgrade([bearer(await mint(key)).join(': ')]));
    const response = await client.response();
    assert.deepEqual([response.status, response.text, response.get('connection')], [200, 'no', undefined]);
    upstream.forget();
    client.send('\x81\x05hello');
    await client.ended();
    assert.equal(upstream.bytes, '');
  });

  it('is not opened when the upstream switches to another protocol', async (t) => {
    const other = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n';
    const {response} = await exchange(tunnel(t, other), gateway.port, upgrade([bearer(await mint(key)).join(': ')]));
    assert.equal(response.status, 502);
  });

  it('is not opened by an upgrade of a bad token: not one byte goes on', async (t) => {
    upstream.forget();
    const {response} = await exchange(scoped(t), gateway.port, upgrade(['Authorization: Bearer bad']));
    assert.equal(response.status, 401);
    assert.equal(upstream.bytes, '');
  });
});

describe('SIGTERM', () => {
  const begin = async (t, drain = '20s') => {
    const scope = scoped(t);
    const started = await startStandard(scope, {timeouts: {drain}});
    let upstreamSocket;
    started.upstream.answer = (_, {socket}) => {
      upstreamSocket = socket;
      return switching;
    };
    const client = await connect(scope, started.gateway.port);
    client.send(upgrade([bearer(await mint(started.key))]));
    await client.until('the tunnel', (text) => text.endsWith('\r\n\r\n'));
    return {...started, client, upstreamSocket, frames: () => client.text.slice(client.text.indexOf('\r\n\r\n') + 4)};
  };
  const goingAway = '\x88\x02\x03\xe9';

  it('tells the client of a WebSocket that the gateway goes away', async (t) => {
    const {gateway, client, frames} = await begin(t);
    gateway.signal('SIGTERM');
    assert.equal(await client.ended(), 'end');
    assert.equal(frames(), goingAway);
  });

  for (const [name, drain, again] of [['timeouts.drain is 0s', '0s', false], ['a second one follows', '1h', true]]) {
    it(`tells it also where ${name}, and does not reset that`, async (t) => {
      const {gateway, client, frames} = await begin(t, drain);
      gateway.signal('SIGTERM');
      if (again) {
        await eventually('it drains', () => /draining/.test(gateway.stderr));
        gateway.signal('SIGTERM');
      }
      assert.equal(await client.ended(), 'end');
      assert.equal(frames(), goingAway);
      const {detail} = await gateway.lineOf('/orders/socket');
      assert.equal(detail, undefined);
    });
  }

  it('lets the upstream have what the client has said, whatever the upstream still sends', async (t) => {
    const {gateway, upstream, client, upstreamSocket, frames} = await begin(t);
    const message = `\x82\xff${'\0'.repeat(5)}\x09\x27\xc0mask${'m'.repeat(600_000)}`;
    upstream.onBytes = () => true;
    upstream.forget();
    upstreamSocket.pause();
    const frame = Buffer.from(`\x82\x7e\x10\x00${'f'.repeat(4096)}`, 'latin1');
    const send = () => { while (!upstreamSocket.destroyed && upstreamSocket.write(frame)); };
    upstreamSocket.on('drain', send);
    send();
    client.send(message);
    await eventually('the gateway has it', () => unacknowledged(client.socket) === 0);
    gateway.signal('SIGTERM');
    assert.equal(await client.ended(), 'end');
    assert.ok(frames().endsWith(goingAway));
    client.finish();
    upstreamSocket.resume();
    await eventually('the end at the upstream', () => upstream.connections.some(({ended, over}) => ended || over));
    assert.ok(upstream.bytes === message, `${upstream.bytes.length} bytes`);
  });

  it('waits for the end of a frame to say so', async (t) => {
    const {gateway, client, upstreamSocket, frames} = await begin(t);
    upstreamSocket.write('\x82\x06abc', 'latin1');
    await eventually('half a frame', () => frames() === '\x82\x06abc');
    gateway.signal('SIGTERM');
    await eventually('the gateway drains', () => /drain/.test(gateway.stderr));
    upstreamSocket.write('def');
    assert.equal(await client.ended(), 'end');
    assert.equal(frames(), `\x82\x06abcdef${goingAway}`);
  });

  it('finds the end of a frame also where the upstream never pauses at one', async (t) => {
    const {gateway, client, upstreamSocket, frames} = await begin(t);
    upstreamSocket.write('\x82\x06abc', 'latin1');
    await eventually('half a frame', () => frames() === '\x82\x06abc');
    gateway.signal('SIGTERM');
    await eventually('the gateway drains', () => /drain/.test(gateway.stderr));
    upstreamSocket.write('def\x82\x06abc', 'latin1');
    assert.equal(await client.ended(), 'end');
    assert.equal(frames(), `\x82\x06abcdef${goingAway}`);
    await eventually('the upstream\'s end', () => upstreamSocket.destroyed || upstreamSocket.readableEnded);
  });

  it('is told by ws as a close with 1001', async (t) => {
    const scope = scoped(t);
    const server = new WebSocketServer({host: '127.0.0.1', port: 0});
    await once(server, 'listening');
    scope.onClose(() => new Promise((resolve) => {
      server.clients.forEach((client) => client.terminate());
      server.close(resolve);
    }));
    const {gateway} = await startStandard(scope, ({jwksFile}) => standardConfig({
      endpoint: `http://127.0.0.1:${server.address().port}`, jwksFile, timeouts: {drain: '20s'},
    }));
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/open/socket`);
    t.after(() => socket.terminate());
    await within('the socket opens', once(socket, 'open'));
    gateway.signal('SIGTERM');
    const [code] = await within('the close', once(socket, 'close'));
    assert.equal(code, 1001);
  });
});
