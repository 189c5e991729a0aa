// The ends of a tunnel that are no farewell: what a side said before it left reaches the other, and no cut looks like a clean
// end.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {plenty, standstill, unacknowledged} from './harness/standing.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, within} from './harness/waiting.mjs';

const scope = scoped();
let gateway, upstream;
before(async () => {
  ({gateway, upstream} = await startStandard(scope, {
    routes: [['quiet', {stream_idle_timeout: '300ms'}], ['long', {total_timeout: '500ms'}]].map(([name, limit]) => ({
      name, match: {path_prefix: `/${name}`}, upstream: 'orders', public: true, ...limit,
    })),
  }));
  upstream.onBytes = (connection) => {
    if (connection.switched) return true;
    connection.switched = connection.bytes.includes('\r\n\r\n');
    if (connection.switched) {
      connection.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n0123456789');
    }
    return true;
  };
});

// A tunnel to `path`: the client, and the upstream's connection.
async function open(t, path) {
  const client = await connect(scoped(t), gateway.port);
  client.send(request('GET', path, ['Connection: upgrade', 'Upgrade: echo/1']));
  await client.until('the first bytes', (text) => text.endsWith('0123456789'));
  return {client, connection: upstream.connections.findLast(({switched}) => switched)};
}

describe('the last words', () => {
  // The gateway finds what a side has said, and that it left, at once: beside a write to it that cannot go on.
  const leave = async (socket, words) => {
    gateway.signal('SIGSTOP');
    await within('the last words and the reset', new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(words, () => socket.resetAndDestroy());
    }));
    gateway.signal('SIGCONT');
  };

  it('of an upstream that leaves while the client still sends reach the client', async (t) => {
    const {client, connection} = await open(t, '/open');
    connection.socket.once('data', () => connection.socket.pause());
    client.socket.write(plenty);
    await eventually('the first of it', () => connection.socket.isPaused());
    await leave(connection.socket, 'message too big');
    await client.ended();
    assert.match(client.text, /message too big$/);
  });

  it('of a client that leaves while the upstream still sends reach the upstream', async (t) => {
    const {client, connection} = await open(t, '/open');
    connection.socket.write(plenty);
    await client.until('the first of it', (text) => text.endsWith('x'));
    client.socket.pause();
    await leave(client.socket, 'enough');
    await eventually('the end at the upstream', () => connection.over);
    assert.match(connection.bytes.toString('latin1'), /\r\n\r\nenough$/);
  });

  it('of a client that closes while the upstream still sends reach the upstream, however slowly it reads', async (t) => {
    const {client, connection} = await open(t, '/open');
    const {socket} = connection;
    const size = 600_000; // the kernel keeps all of it
    socket.pause();
    const send = () => { while (socket.write(Buffer.alloc(65_536))); };
    socket.on('drain', send);
    send();
    client.socket.removeAllListeners('data').resume();
    client.socket.end(Buffer.alloc(size));
    await eventually('the gateway has all of it', () => unacknowledged(client.socket) === 0);
    client.socket.destroy();
    const sent = socket.bytesWritten;
    await eventually('the gateway reads on, for nobody', () => connection.over || socket.bytesWritten - sent > plenty.length);
    socket.off('drain', send).resume();
    await eventually('the end at the upstream', () => connection.ended || connection.over);
    assert.equal(connection.bytes.length - connection.bytes.indexOf('\r\n\r\n') - 4, size);
  });
});

// Neither reads before what it sends is taken, and both send more than the kernel keeps.
describe('two sides that both send and do not read', () => {
  async function block(t) {
    const {client, connection} = await open(t, '/open');
    const written = [client.socket, connection.socket].map((socket) => {
      socket.pause();
      return new Promise((resolve) => { socket.write(plenty, resolve); });
    });
    await standstill('the client waits', client.socket);
    await standstill('the upstream waits', connection.socket);
    return {client, connection, written};
  }

  it('do not keep the upstream when the client resets', async (t) => {
    const {client, connection, written: [, written]} = await block(t);
    client.socket.resetAndDestroy();
    assert.ifError(await within('what the upstream sends is read', written));
    connection.socket.resume();
    await eventually('the end at the upstream', () => connection.over);
  });

  it('do not keep the client when the upstream resets', async (t) => {
    const {client, connection, written: [written]} = await block(t);
    connection.socket.resetAndDestroy();
    assert.ifError(await within('what the client sends is read', written));
    client.socket.resume();
    await client.ended();
  });
});

describe('a tunnel that does not end by itself', () => {
  const resetOf = async (connection) => {
    await eventually('the end at the upstream', () => connection.over);
    return !connection.ended;
  };

  it('is reset at the client when the upstream resets it, which is to blame', async (t) => {
    const {client, connection} = await open(t, '/open/upstream-resets');
    connection.socket.resetAndDestroy();
    assert.equal(await client.ended(), 'reset');
    const {reason, side, response_bytes} = await gateway.lineOf('/open/upstream-resets');
    assert.deepEqual({reason, side, response_bytes}, {reason: 'upstream_unavailable', side: 'upstream', response_bytes: 10});
  });

  it('is reset at the upstream when the client resets it', async (t) => {
    const {client, connection} = await open(t, '/open/client-resets');
    client.socket.resetAndDestroy();
    assert.ok(await resetOf(connection));
    const {side, detail} = await gateway.lineOf('/open/client-resets');
    assert.match(detail, /^the client left/);
    assert.equal(side, undefined);
  });

  for (const [name, path, why] of [
    ['stream_idle', '/quiet', {reason: undefined, detail: 'no byte in the tunnel within timeouts.stream_idle'}],
    ['total', '/long', {reason: 'upstream_timeout', detail: 'not finished within timeouts.total'}],
  ]) {
    it(`is reset at both sides when ${name} has passed`, async (t) => {
      const {client, connection} = await open(t, path);
      assert.equal(await client.ended(), 'reset');
      assert.ok(await resetOf(connection));
      const {reason, detail} = await gateway.lineOf(path);
      assert.deepEqual({reason, detail}, why);
    });
  }

  it('gives a client that reads slowly all of it before the reset', async (t) => {
    const {client, connection} = await open(t, '/open/slow');
    client.socket.pause();
    const size = 300_000; // the kernel keeps some of it for the gateway
    connection.socket.write(Buffer.alloc(size));
    await eventually('the gateway has all of it', () => unacknowledged(connection.socket) === 0);
    connection.socket.resetAndDestroy();
    await eventually('the end at the upstream', () => connection.over);
    client.socket.resume();
    assert.equal(await client.ended(), 'reset');
    assert.equal(client.text.length - client.text.indexOf('0123456789') - 10, size);
  });
});
