// The ends of a tunnel that are no farewell: what a side said before it left reaches the other.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, within} from './harness/waiting.mjs';

const scope = scoped();
let gateway, upstream;
before(async () => {
  ({gateway, upstream} = await startStandard(scope));
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
  const plenty = Buffer.alloc(64 * 1024 * 1024, 'x'); // more than the kernel keeps for both connections

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
});
