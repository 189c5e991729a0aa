// Each limit at N, which passes, and at N+1, which does not.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

describe('limits', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope, {
    workers: 1, limits: {head_bytes: '2KiB', head_fields: 10, token_bytes: '1KiB', body_bytes: '4KiB', response_head_bytes: '1KiB', response_head_fields: 20},
    routes: [{name: 'large', match: {path_prefix: '/large'}, upstream: 'orders', public: true, body_limit: '8KiB'}],
  })));
  const send = async (t, bytes) => (await exchange(scoped(t), gateway.port, bytes)).response;

  const headOf = (size) => {
    const empty = request('GET', '/open', {'X-Pad': ''});
    return request('GET', '/open', {'X-Pad': 'p'.repeat(size - empty.length)});
  };
  it('head_bytes', async (t) => {
    assert.equal((await send(t, headOf(2048))).status, 200);
    upstream.forget();
    const {response, client} = await exchange(scoped(t), gateway.port, headOf(2049));
    assert.equal(response.status, 431);
    assert.equal(response.json.reason, 'header_too_large');
    await client.ended();
    assert.equal(upstream.bytes, '');
  });
  it('head_bytes, of a head that never ends', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    client.send(`GET /open HTTP/1.1\r\nX: ${'x'.repeat(4000)}`);
    assert.equal((await client.response()).status, 431);
  });
  it('head_fields', async (t) => {
    const fields = (count) => Array.from({length: count - 1}, (_, i) => `X-${i}: 1`); // and Host
    assert.equal((await send(t, request('GET', '/open', fields(10)))).status, 200);
    const refused = await send(t, request('GET', '/open', fields(11)));
    assert.equal(refused.status, 431);
    assert.equal(refused.json.reason, 'header_too_large');
  });
  it('token_bytes', async (t) => {
    assert.equal((await send(t, request('GET', '/orders', [bearer('a'.repeat(1024))]))).json.reason, 'token_malformed');
    const refused = await send(t, request('GET', '/orders', [bearer('a'.repeat(1025))]));
    assert.equal(refused.status, 431);
    assert.equal(refused.json.reason, 'token_too_large');
  });
  it('body_bytes of a fixed body, refused before anything goes on', async (t) => {
    assert.equal((await send(t, request('POST', '/open', [], 'b'.repeat(4096)))).status, 200);
    upstream.forget();
    const refused = await send(t, request('POST', '/open', [], 'b'.repeat(4097)));
    assert.equal(refused.status, 413);
    assert.equal(refused.json.reason, 'body_too_large');
    assert.equal(upstream.bytes, '');
  });
  it('body_bytes of a chunked body, which never ends cleanly at the upstream', async (t) => {
    const chunked = (size) => request('POST', '/open', {'Transfer-Encoding': 'chunked'}, chunks(['c'.repeat(4000), 'c'.repeat(size - 4000)]));
    assert.equal((await send(t, chunked(4096))).status, 200);
    upstream.forget();
    assert.equal((await send(t, chunked(4097))).status, 413);
    await eventually('that upstream connection is gone', () => upstream.openConnections === 0);
    assert.equal(upstream.requests.length, 0);
  });
  it('body_limit of a route instead', async (t) => {
    assert.equal((await send(t, request('POST', '/large', [], 'b'.repeat(8192)))).status, 200);
    assert.equal((await send(t, request('POST', '/large', [], 'b'.repeat(8193)))).status, 413);
  });
  it('response_head_bytes', async (t) => {
    const headOf = (size) => {
      const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \r\n\r\n';
      return empty.replace('X: ', `X: ${'x'.repeat(size - empty.length)}`);
    };
    upstream.answer = () => headOf(1024);
    assert.equal((await send(t, request('GET', '/open'))).status, 200);
    upstream.answer = () => headOf(1025);
    const refused = await send(t, request('GET', '/open'));
    assert.equal(refused.status, 502);
    assert.equal(refused.json.reason, 'upstream_malformed');
  });
  it('response_head_fields, apart from head_fields', async (t) => {
    const withFields = (count) => () => ['HTTP/1.1 200 OK', 'Content-Length: 0', ...Array.from({length: count - 1}, (_, i) => `X-${i}: 1`), '', ''].join('\r\n');
    upstream.answer = withFields(20);
    assert.equal((await send(t, request('GET', '/open'))).status, 200);
    upstream.answer = withFields(21);
    const refused = await send(t, request('GET', '/open'));
    assert.equal(refused.status, 502);
    assert.equal(refused.json.reason, 'upstream_malformed');
  });
  it('leave honest requests alone afterwards', async (t) => {
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    assert.equal((await send(t, request('GET', '/orders', [bearer(await mint(key))]))).status, 200);
  });
});

describe('a body that is wanted whole', () => {
  for (const [limit, timeouts] of Object.entries({head: {head: '300ms', total: '1m'}, total: {head: '1m', total: '300ms'}})) {
    it(`is awaited no longer than timeouts.${limit}`, async (t) => {
      const scope = scoped(t);
      const {gateway} = await startTokenService(scope, {timeouts});
      const half = request('POST', '/auth/token', ['Content-Type: application/json', 'Content-Length: 100'], '{');
      const {response, client} = await exchange(scope, gateway.port, half);
      assertErrorReply(response, {status: 408, reason: 'request_timeout'});
      assert.equal((await gateway.lineOf('/auth/token')).detail, `the body did not arrive within timeouts.${limit}`);
      client.finish();
    });
  }
});
