// The end of a drain: requests that are still under way are cut off, and neither their clients nor the log take them for whole.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {connect} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {eventually, within} from './harness/waiting.mjs';

const upgrade = ['Connection: upgrade', 'Upgrade: echo/1'];
const detail = 'cut off by the end of the drain';

// path: what the client sends, what it has got when the end comes, and the status of the log's line.
const underWay = {
  '/open/old': {bytes: 'GET /open/old HTTP/1.0\r\nHost: a\r\n\r\n', got: /\r\n\r\npart$/, status: 200},
  '/open/stream': {bytes: request('GET', '/open/stream'), got: /part\r\n$/, status: 200},
  '/open/silent': {bytes: request('GET', '/open/silent'), got: /^$/, status: 0},
  '/open/upload': {bytes: request('POST', '/open/upload', ['Content-Length: 10'], 'half'), got: /^$/, status: 0},
  '/open/tunnel': {bytes: request('GET', '/open/tunnel', upgrade), got: / 101 .*hello$/s, status: 101},
};

// Of the upstream: a beginning, or nothing.
function begin(connection) {
  const {socket, bytes} = connection;
  if (connection.began || !bytes.includes('\r\n\r\n')) return true;
  connection.began = true;
  const path = bytes.toString('latin1').split(' ')[1];
  if (path === '/open/tunnel') socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade.join('\r\n')}\r\n\r\nhello`);
  if (/old|stream/.test(path)) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n');
  return true;
}

const ends = {
  'timeouts.drain': {drain: '300ms'},
  'a second signal': {drain: '1h', again: true},
};

describe('the end of a drain', () => {
  for (const [name, {drain, again}] of Object.entries(ends)) {
    it(`by ${name} resets what is under way, and the log tells it`, async (t) => {
      const scope = scoped(t);
      const {gateway, upstream} = await startStandard(scope, {timeouts: {drain}, upstreamOptions: {onBytes: begin}});
      const clients = [];
      for (const [path, {bytes, got}] of Object.entries(underWay)) {
        const client = await connect(scope, gateway.port);
        client.send(bytes);
        await eventually(`${path} is at the upstream`, () => upstream.bytes.includes(` ${path} `));
        await client.until(`${path} has begun`, (text) => got.test(text));
        clients.push(client);
      }
      await eventually('the upload has begun', () => upstream.bytes.includes('half'));
      gateway.signal('SIGTERM');
      await eventually('it drains', () => /draining/.test(gateway.stderr));
      if (again) gateway.signal('SIGTERM');
      for (const client of clients) assert.equal(await client.ended(), 'reset');
      assert.deepEqual(await within('the end', gateway.running.ended), {code: 0, signal: null});
      for (const [path, {status}] of Object.entries(underWay)) {
        const line = await gateway.lineOf(path);
        assert.deepEqual([line.status, line.detail], [status, detail], path);
      }
    });
  }

  it('answers no body that it waited for', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startTokenService(scope, {timeouts: {drain: '300ms', head: '1m'}});
    const client = await connect(scope, gateway.port);
    client.send(request('POST', '/auth/token', ['Content-Type: application/json', 'Content-Length: 100'], '{'));
    await eventually('the request has begun', async () => await gateway.metric('postern_downstream_connections_open') === 1);
    gateway.signal('SIGTERM');
    assert.equal(await client.ended(), 'reset');
    assert.equal(client.text, '');
    await within('the end', gateway.running.ended);
    assert.deepEqual(((line) => [line.status, line.detail])(await gateway.lineOf('/auth/token')), [0, detail]);
  });
});
