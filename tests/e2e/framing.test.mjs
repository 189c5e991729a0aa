// Requests that are doubtful: refused with 400 (or 431, 405, 501) and a closed connection, and not one byte goes on.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually} from './harness/waiting.mjs';

const post = (lines, body = '0\r\n\r\n') => `POST /open HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
const get = (target, lines = ['Host: a']) => `GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

// name: [bytes, status (400 when not given)]
const refusedHeads = {
  'Content-Length before Transfer-Encoding': [post(['Content-Length: 5', 'Transfer-Encoding: chunked'])],
  'Transfer-Encoding before Content-Length': [post(['Transfer-Encoding: chunked', 'Content-Length: 5'])],
  'identity with Content-Length': [post(['Transfer-Encoding: identity', 'Content-Length: 5'])],
  'xchunked with Content-Length': [post(['Transfer-Encoding: xchunked', 'Content-Length: 5'])],
  'chunked twice with Content-Length': [post(['Transfer-Encoding: chunked, chunked', 'Content-Length: 5'])],
  'chunked twice': [post(['Transfer-Encoding: chunked, chunked'])],
  'chunked, identity': [post(['Transfer-Encoding: chunked, identity'])],
  'a list that begins with a comma': [post(['Transfer-Encoding: ,chunked'])],
  'quoted chunked': [post(['Transfer-Encoding: "chunked"'])],
  '\\xa0chunked': [post(['Transfer-Encoding: \xa0chunked'])],
  '\\x0bchunked': [post(['Transfer-Encoding: \x0bchunked'])],
  'chunked with a parameter': [post(['Transfer-Encoding: chunked;p=1'])],
  'Transfer-Encoding in HTTP/1.0': ['POST /open HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  'gzip, chunked': [post(['Transfer-Encoding: gzip, chunked']), 501],
  'Transfer-Encoding twice': [post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'])],
  'Content-Length twice': [post(['Content-Length: 5', 'Content-Length: 5'])],
  'a list as Content-Length': [post(['Content-Length: 5, 5'])],
  'Content-Length +3': [post(['Content-Length: +3'])],
  'Content-Length -1': [post(['Content-Length: -1'])],
  'Content-Length 0x3': [post(['Content-Length: 0x3'])],
  'an empty Content-Length': [post(['Content-Length: '])],
  'Content-Length 2^64': [post(['Content-Length: 18446744073709551616'])],
  'Content_Length': [post(['Content_Length: 5', 'Content-Length: 0'])],
  'Transfer_Encoding': [post(['Transfer_Encoding: chunked', 'Content-Length: 0'])],
  'a bare LF at a line\'s end': ['GET /open HTTP/1.1\r\nHost: a\n\r\n'],
  'a bare LF as the head\'s end': ['GET /open HTTP/1.1\r\nHost: a\r\n\n'],
  'a bare CR in a value': [get('/open', ['Host: a', 'X: a\rb'])],
  'NUL in a value': [get('/open', ['Host: a', 'X: a\0b'])],
  'obs-fold': ['GET /open HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
  'a first field that is folded': ['GET /open HTTP/1.1\r\n Host: a\r\n\r\n'],
  'a space before the colon': [get('/open', ['Host: a', 'X-User-Id : mallory'])],
  'an empty field name': [get('/open', ['Host: a', ': x'])],
  'a field without a colon': [get('/open', ['Host: a', 'nonsense'])],
  'CR CR LF': [get('/open', ['Host: a', 'X: a\r'])],
  'CR LF CR X': ['GET /open HTTP/1.1\r\nHost: a\r\n\rX'],
  'HTTP/0.9': ['GET /open\r\n\r\n'],
  'HTTP/1.2': ['GET /open HTTP/1.2\r\nHost: a\r\n\r\n'],
  'HTTP/2.0': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'two spaces in the request line': ['GET  /open HTTP/1.1\r\nHost: a\r\n\r\n'],
  'a method that is no token': ['GE(T /open HTTP/1.1\r\nHost: a\r\n\r\n'],
  'TLS on a plain port': ['\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 nothing that HTTP knows \r\n\r\n'],
  'no Host': ['GET /open HTTP/1.1\r\n\r\n'],
  'two Hosts': [get('/open', ['Host: a', 'Host: a'])],
  'a Host with user information': [get('/open', ['Host: a@b'])],
  'a Host with a space': [get('/open', ['Host: a b'])],
  'an absolute-form target that differs from Host': [get('http://b/open')],
  'a target without a slash': [get('open')],
  'the asterisk form': [get('*')],
  'a fragment': [get('/open#x')],
  'a raw byte 0x80': [get('/open/\x80')],
  'a backslash': [get('/open\\..\\admin')],
  'an encoded slash': [get('/open/a%2Fb')],
  'an encoded backslash': [get('/open/a%5Cb')],
  'an encoded NUL': [get('/open/%00')],
  'overlong UTF-8': [get('/open/%c0%ae')],
  'a broken escape': [get('/open/%2')],
  'a way above the root': [get('/open/../../x')],
  'an encoded way above the root': [get('/%2e%2e/open')],
  'Connection that names Host': [get('/open', ['Host: a', 'Connection: Host'])],
  'Connection that names Content-Length': [post(['Connection: Content-Length', 'Content-Length: 0'], '')],
  'Connection that names Authorization': [get('/open', ['Host: a', 'Connection: close, authorization'])],
  'TRACE': ['TRACE /open HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  'CONNECT': ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 501],
  'another Expect': [get('/open', ['Host: a', 'Expect: miracles']), 417],
};

// The head is fine; the fault is in the chunks.
const refusedChunks = {
  'a size 0x5': '0x5\r\nhello\r\n0\r\n\r\n',
  'a size 5_0': '5_0\r\nhello\r\n0\r\n\r\n',
  'a padded size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a negative size': '-5\r\nhello\r\n0\r\n\r\n',
  'an empty size': '\r\nhello\r\n0\r\n\r\n',
  'a size of 17 digits': '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'a chunk without CRLF': '5\r\nhelloX0\r\n\r\n',
  'a bare LF after the size': '5\nhello\r\n0\r\n\r\n',
  'an extension above 8 KiB': `5;${'e'.repeat(9000)}\r\nhello\r\n0\r\n\r\n`,
  'an extension with a control': '5;a=\x01\r\nhello\r\n0\r\n\r\n',
  'a trailer of 66 KB': `0\r\nX: ${'t'.repeat(66_000)}\r\n\r\n`,
  'five hundred thousand trailers': `0\r\n${'X: 1\r\n'.repeat(500_000)}\r\n`,
  'a trailer with a bare LF': '0\r\nX: 1\n\r\n',
};

describe('framing', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  for (const [name, [bytes, status = 400]] of Object.entries(refusedHeads)) {
    it(`refuses ${name} with ${status}`, async (t) => {
      upstream.forget();
      const {response, client} = await exchange(scoped(t), gateway.port, bytes);
      assert.equal(response.status, status);
      assert.equal(response.get('content-type'), 'application/problem+json');
      if (status === 400) await client.ended();
      assert.equal(upstream.bytes, '');
    });
  }

  for (const [name, body] of Object.entries(refusedChunks)) {
    it(`never ends a body with ${name}`, async (t) => {
      upstream.forget();
      const client = await connect(scoped(t), gateway.port);
      client.send(`POST /open/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
      await client.ended();
      await eventually('the upstream connection of it is gone', () => upstream.openConnections === 0);
      assert.deepEqual(upstream.requests, [], 'a message that looks whole reached the upstream');
      assert.doesNotMatch(client.text, /^HTTP\/1.1 200/);
    });
  }

  it('sends Content-Length 010 on as 10', async (t) => {
    await exchange(scoped(t), gateway.port, post(['Content-Length: 010'], '0123456789'));
    assert.equal(upstream.last.get('content-length'), '10');
  });

  it('skips one empty line before a request', async (t) => {
    assert.equal((await exchange(scoped(t), gateway.port, `\r\n${get('/open')}`)).response.status, 200);
  });

  it('takes an absolute-form target that agrees with Host', async (t) => {
    await exchange(scoped(t), gateway.port, get('http://a/open/x?y'));
    assert.equal(upstream.last.target, '/open/x?y');
  });

  it('does not forward an upgrade to h2c', async (t) => {
    const fields = ['Host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
    const {response} = await exchange(scoped(t), gateway.port, get('/open', fields));
    assert.equal(response.status, 200);
    assert.equal(upstream.last.get('upgrade'), undefined);
    assert.equal(upstream.last.get('http2-settings'), undefined);
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
});

describe('the one path that policy and upstream see', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  const paths = {
    '/open//x': '/open/x',
    '/open/./x': '/open/x',
    '/open/a/../x': '/open/x',
    '/open/a/%2e%2e/x': '/open/x',
    '/open/%7Ejoe': '/open/~joe',
    '/open/%c3%a9': '/open/%C3%A9',
    '/open/%252e%252e/x': '/open/%252e%252e/x',
    '/open/x;y=1': '/open/x;y=1',
  };
  for (const [sent, wanted] of Object.entries(paths)) {
    it(`forwards ${sent} as ${wanted}`, async (t) => {
      assert.equal((await exchange(scoped(t), gateway.port, get(sent))).response.status, 200);
      assert.equal(upstream.last.target, wanted);
    });
  }

  const guarded = ['//orders', '/open/../orders', '/open/%2e%2e/orders', '/open/..//orders/x', '/./orders', '/orders;x/y', '/orders/;x'];
  for (const target of guarded) {
    it(`does not let ${target} around the token`, async (t) => {
      upstream.forget();
      const {response} = await exchange(scoped(t), gateway.port, get(target));
      assert.ok([401, 404].includes(response.status), `${response.status}`);
      assert.equal(upstream.bytes, '');
    });
  }

  for (const target of ['/ORDERS', '/openly', '/nothing', '/']) {
    it(`denies ${target}, which no route knows`, async (t) => {
      const {response} = await exchange(scoped(t), gateway.port, get(target));
      assert.equal(response.status, 404);
      assert.equal(response.json.reason, 'route_not_found');
    });
  }

  it('lets an encoded slash through where the route allows it', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {
      routes: [{name: 'files', match: {path_prefix: '/files'}, upstream: 'orders', public: true, allow_encoded_slash: true}],
    });
    await exchange(scope, gateway.port, request('GET', '/files/a%2fb'));
    assert.equal(upstream.last.target, '/files/a%2Fb');
  });

  it('goes on after a hundred refused connections', async (t) => {
    const scope = scoped(t);
    for (let i = 0; i < 100; ++i) await exchange(scope, gateway.port, get('/open/%00'));
    assert.equal((await exchange(scope, gateway.port, get('/open'))).response.status, 200);
  });
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
