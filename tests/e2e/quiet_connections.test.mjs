// Connections between two requests: parked once they have been quiet for a while, and served again like any other. And
// tunnels in which nobody says anything.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import net from 'node:net';
import {describe, it} from 'node:test';

import {makeAuthority} from './harness/certificates.mjs';
import {cpuMilliseconds} from './harness/program.mjs';
import {connect} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const parkedOf = (gateway) => gateway.metric('postern_downstream_connections_parked');
const openOf = (gateway) => gateway.metric('postern_downstream_connections_open');
const parked = (gateway, count) => eventually(`${count} parked connections`, async () => await parkedOf(gateway) === count);

async function ask(client, path = '/open') {
  client.send(request('GET', path));
  assert.equal((await client.response()).status, 200);
}

async function startSecure(scope, changes) {
  const authority = await makeAuthority(scope);
  const {certificateFile, keyFile} = await authority.issue('shop.example.com');
  const tls = {certificates: [{certificate_file: certificateFile, key_file: keyFile}]};
  const started = await startStandard(scope, {listeners: [{address: '127.0.0.1:0', tls}], ...changes});
  return {...started, secure: {ca: authority.certificate, servername: 'shop.example.com'}};
}

// Passes all bytes on in both directions; of what clients send, at most `passes` more once that is set.
async function startRelay(scope, port) {
  const relay = {passes: Infinity};
  const server = net.createServer((client) => {
    const gateway = net.connect(port, '127.0.0.1');
    scope.onClose(() => {
      client.destroy();
      gateway.destroy();
    });
    client.on('data', (bytes) => {
      gateway.write(bytes.subarray(0, relay.passes));
      relay.passes -= bytes.length;
    });
    gateway.pipe(client);
    for (const socket of [client, gateway]) socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scope.onClose(() => server.close());
  relay.port = server.address().port;
  return relay;
}

describe('a parked connection', () => {
  it('is served again, as often as it comes', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    const client = await connect(scope, gateway.port);
    await parked(gateway, 1); // before its first request, too
    for (let i = 1; i <= 3; i += 1) {
      await ask(client, `/open/${i}`);
      await parked(gateway, 1);
    }
    assert.equal(await openOf(gateway), 1);
    assert.equal(upstream.requests.length, 3);
    assert.equal(upstream.last.get('x-forwarded-for'), '127.0.0.1');
  });

  it('is served again over TLS', async (t) => {
    const scope = scoped(t);
    const {gateway, secure} = await startSecure(scope);
    const client = await connect(scope, gateway.port, {secure});
    await ask(client);
    await parked(gateway, 1);
    await ask(client);
    await parked(gateway, 1);
    assert.equal(await openOf(gateway), 1);
  });

  it('gains no time by half a TLS record', async (t) => {
    const scope = scoped(t);
    const {gateway, secure} = await startSecure(scope, {timeouts: {idle: '3s'}});
    const relay = await startRelay(scope, gateway.port);
    const client = await connect(scope, relay.port, {secure});
    await ask(client);
    const begin = performance.now();
    await parked(gateway, 1);
    await eventually('half of its time is over', () => performance.now() - begin > 1500);
    relay.passes = 10; // bytes of the record
    client.send(request('GET', '/open'));
    await eventually('a session looks at them', async () => await parkedOf(gateway) === 0);
    await client.ended();
    const took = performance.now() - begin;
    assert.ok(sanitized || took < 4000, `after ${took} ms`);
  });

  it('is closed when its time is over, and not later for having been parked', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {timeouts: {idle: '1s'}});
    const client = await connect(scope, gateway.port);
    const begin = performance.now(); // not after the answer, which a busy test may see late
    await ask(client);
    await parked(gateway, 1);
    assert.equal(await client.ended(), 'end');
    const took = performance.now() - begin;
    assert.ok(took > 900 && (sanitized || took < 2000), `after ${took} ms`);
    assert.equal(await openOf(gateway), 0);
  });

  it('is noticed when its client leaves', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const leaving = await connect(scope, gateway.port), resetting = await connect(scope, gateway.port);
    await parked(gateway, 2);
    leaving.finish();
    resetting.socket.resetAndDestroy();
    assert.equal(await leaving.ended(), 'end');
    await eventually('no connection is open', async () => await openOf(gateway) === 0);
  });

  it('is served what came before the gateway was told to end', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const clients = await Promise.all(Array.from({length: 20}, () => connect(scope, gateway.port)));
    for (const client of clients) await ask(client);
    await parked(gateway, clients.length);
    gateway.signal('SIGSTOP');
    for (const client of clients) client.send(request('GET', '/open'));
    await Promise.all(clients.map(({socket}) => eventually('the request is out', () => socket.writableLength === 0)));
    gateway.signal('SIGTERM');
    gateway.signal('SIGCONT');
    for (const client of clients) {
      assert.equal((await client.response()).status, 200);
      assert.equal(await client.ended(), 'end');
    }
  });

  it('stays what it is when a reload takes TLS from its listener', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream, config, secure} = await startSecure(scope);
    const client = await connect(scope, gateway.port, {secure});
    await parked(gateway, 1);
    delete config.listeners[0].tls;
    writeFileSync(gateway.configFile, JSON.stringify(config));
    gateway.signal('SIGHUP');
    await eventually('a plain connection is served', async () => {
      const plain = await connect(scope, gateway.port);
      plain.send(request('GET', '/open'));
      return plain.response().then(({status}) => status === 200, () => false);
    });
    assert.equal(upstream.last.get('x-forwarded-proto'), 'http');
    await ask(client);
    assert.equal(upstream.last.get('x-forwarded-proto'), 'https');
  });

  it('is closed at once when the gateway ends', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const client = await connect(scope, gateway.port);
    await ask(client);
    await parked(gateway, 1);
    gateway.signal('SIGTERM');
    assert.equal(await client.ended(), 'end');
  });

  it('costs less than 1 KiB', {skip: sanitized && 'a sanitizer has memory of its own'}, async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const at = [];
    for (let count = 1; count <= 41; count += 1) {
      await Promise.all(Array.from({length: 50}, async () => ask(await connect(scope, gateway.port))));
      await parked(gateway, 50 * count);
      at.push(gateway.residentKiB());
    }
    const each = (at.at(-1) - at[0]) / 2000;
    assert.ok(each < 1, `${each.toFixed(2)} KiB each`);
    t.diagnostic(`${(each * 1024).toFixed(0)} bytes each`);
  });
});

describe('a quiet tunnel', () => {
  const upgrade = request('GET', '/open', ['Connection: upgrade', 'Upgrade: echo/1']);
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n';

  // Of the upstream: switches to a protocol that says everything back.
  function echoes(connection) {
    const {socket, unread} = connection;
    if (connection.switched) {
      socket.write(unread);
      connection.unread = Buffer.alloc(0);
    } else if (unread.includes('\r\n\r\n')) {
      connection.switched = true;
      connection.unread = Buffer.alloc(0);
      socket.write(switching);
    }
    return true;
  }

  async function open(scope, gateway, options) {
    const client = await connect(scope, gateway.port, options);
    client.send(upgrade);
    await client.until('101', (text) => text === switching);
    return client;
  }

  async function echo(client, text) {
    const had = client.received.length;
    client.send(text);
    await eventually('the echo', () => client.received.length >= had + text.length);
    assert.ok(client.text.endsWith(text));
  }

  it('costs less than 24 KiB, whatever went through it before', {skip: sanitized && 'a sanitizer has memory of its own'}, async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {upstreamOptions: {onBytes: echoes}});
    const at = [];
    for (let count = 1; count <= 300; count += 1) {
      await echo(await open(scope, gateway), 'x'.repeat(20_000));
      at.push(gateway.residentKiB());
    }
    const each = (at.at(-1) - at[99]) / 200;
    assert.ok(each < 24, `${each.toFixed(1)} KiB each`);
    t.diagnostic(`${each.toFixed(1)} KiB each`);
  });

  it('wakes up over TLS on both sides, and does not spin for half a record', async (t) => {
    const scope = scoped(t);
    const authority = await makeAuthority(scope, 'upstreams');
    const {secure: certificate} = await authority.issue('127.0.0.1');
    const upstream = await startUpstream(scope, {onBytes: echoes, secure: certificate});
    const orders = {endpoints: [upstream.endpoint], tls: {ca_file: authority.certificateFile}};
    const {gateway, secure} = await startSecure(scope, {upstreams: {orders}});
    const relay = await startRelay(scope, gateway.port);
    const client = await open(scope, relay, {secure});
    for (const text of ['a', 'b'.repeat(16_384), 'c'.repeat(1_000_000), 'd']) await echo(client, text);
    for (const text of ['e', 'f', 'g', 'h']) client.send(text);
    await client.until('what came in small records', (text) => text.endsWith('efgh'));
    relay.passes = 10; // bytes of the record
    client.send('i'.repeat(100));
    await eventually('they are out', () => relay.passes <= 0);
    const begin = {cpu: cpuMilliseconds(gateway.pid), at: performance.now()};
    await eventually('half a second has passed', () => performance.now() - begin.at > 500);
    const used = cpuMilliseconds(gateway.pid) - begin.cpu;
    assert.ok(used < 250, `${used} ms of CPU time`);
    assert.ok(client.text.endsWith('efgh'));
  });
});
