// What is no head at all, how an accepted one is written on, and what a refusal leaves behind. The attacks on framing that have
// a number are in attacks.test.mjs.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually} from './harness/waiting.mjs';

const get = (target, lines = ['Host: a']) => `GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

const noHeads = {
  'two spaces in the request line': 'GET  /open HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method that is no token': 'GE(T /open HTTP/1.1\r\nHost: a\r\n\r\n',
  'TLS on a plain port': '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 nothing that HTTP knows \r\n\r\n',
};

describe('framing', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  for (const [name, bytes] of Object.entries(noHeads)) {
    it(`refuses ${name} with 400`, async (t) => {
      upstream.forget();
      const {response, client} = await exchange(scoped(t), gateway.port, bytes);
      assert.equal(response.status, 400);
      assert.equal(response.get('content-type'), 'application/problem+json');
      await client.ended();
      assert.equal(upstream.bytes, '');
    });
  }

  it('skips one empty line before a request', async (t) => {
    assert.equal((await exchange(scoped(t), gateway.port, `\r\n${get('/open')}`)).response.status, 200);
  });

  it('takes an absolute-form target that agrees with Host', async (t) => {
    await exchange(scoped(t), gateway.port, get('http://a/open/x?y'));
    assert.equal(upstream.last.target, '/open/x?y');
  });

  it('logs a refusal with its reason, its side and without the target', async (t) => {
    const scope = scoped(t);
    await exchange(scope, gateway.port, get('/open/%00?secret=1').replace(/^GET/, 'LOGGED'));
    const line = await eventually('its log line', () => gateway.lines.find(({method}) => method === 'LOGGED'));
    assert.equal(line.status, 400);
    assert.equal(line.reason, 'request_malformed');
    assert.equal(line.side, 'downstream');
    assert.doesNotMatch(gateway.running.stdout, /secret/);
  });

  it('goes on after a hundred refused connections', async (t) => {
    const scope = scoped(t);
    for (let i = 0; i < 100; ++i) await exchange(scope, gateway.port, get('/open/%00'));
    assert.equal((await exchange(scope, gateway.port, get('/open'))).response.status, 200);
  });
});

describe('the one path that policy and upstream see', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  for (const [sent, wanted] of Object.entries({'/open/./x': '/open/x', '/open/%7Ejoe': '/open/~joe', '/open/%c3%a9': '/open/%C3%A9'})) {
    it(`forwards ${sent} as ${wanted}`, async (t) => {
      assert.equal((await exchange(scoped(t), gateway.port, get(sent))).response.status, 200);
      assert.equal(upstream.last.target, wanted);
    });
  }
});

describe('two routes to one upstream', () => {
  it('never share a connection with a broken body', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    const broken = await connect(scope, gateway.port);
    broken.send('POST /open/broken HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await eventually('half a body at the upstream', () => upstream.bytes.includes('half'));
    broken.socket.destroy();
    await eventually('that connection is gone', () => upstream.openConnections === 0);
    assert.equal((await exchange(scope, gateway.port, get('/open/next'))).response.status, 200);
    assert.equal(upstream.connections.length, 2);
    assert.equal(upstream.requests.length, 1);
  });
});
