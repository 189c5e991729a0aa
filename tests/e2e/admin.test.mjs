// The admin listener, the metrics and the access log.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {before, describe, it} from 'node:test';

import {repository, runPostern} from './harness/program.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {issuer, mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

describe('the admin listener', () => {
  const scope = scoped();
  let gateway, key;
  before(async () => ({gateway, key} = await startStandard(scope, {workers: 2})));

  it('says that the process lives and is ready', async () => {
    assert.equal((await gateway.admin('/livez')).status, 200);
    assert.equal((await gateway.admin('/readyz')).status, 200);
  });
  it('shows the configuration without secrets', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {
      env: {E2E_SECRET: 'a-secret-of-thirty-two-bytes-length'},
      providers: {shop: {issuer, audiences: 'any', secret: '${E2E_SECRET}'}},
    });
    const {status, text} = await gateway.admin('/config');
    assert.equal(status, 200);
    assert.match(text, /audiences/);
    assert.doesNotMatch(text, /a-secret-of/);
  });
  it('has the pages that docs/operations.md names, with their methods', async (t) => {
    const {gateway} = await startTokenService(scoped(t));
    const named = new Map();
    for (const [, method, path] of readFileSync(`${repository}docs/operations.md`, 'utf8').matchAll(/^\| `([A-Z]+) (\/\S+)` \|/gm)) {
      named.set(path, [...named.get(path) ?? [], method]);
    }
    assert.ok(named.size >= 11, `${[...named.keys()]}`);
    for (const [path, methods] of named) {
      const {status, headers} = await gateway.admin(path, {method: 'PUT'});
      assert.equal(status, 405, path);
      assert.deepEqual(headers.get('allow').split(', ').filter((method) => method !== 'HEAD'), methods, path);
    }
  });
  it('knows no other path', async () => {
    assert.equal((await gateway.admin('/nothing')).status, 404);
  });
  for (const path of ['/reload', '/drain', '/loglevel']) {
    it(`changes nothing by GET ${path} or from a foreign origin`, async () => {
      if (path !== '/loglevel') assert.equal((await gateway.admin(path)).status, 405);
      assert.equal((await gateway.admin(path, {method: 'POST', headers: {Origin: 'https://evil.example'}})).status, 403);
      assert.equal((await gateway.admin('/readyz')).status, 200);
    });
  }
  it('survives nonsense', async (t) => {
    const client = await connect(scoped(t), gateway.adminPort);
    client.send('nonsense\r\n\r\n');
    await client.ended();
    assert.equal((await gateway.admin('/livez')).status, 200);
  });
  it('drains upon POST /drain', async (t) => {
    const {gateway} = await startStandard(scoped(t));
    assert.ok((await gateway.admin('/drain', {method: 'POST'})).status < 300);
    assert.deepEqual(await gateway.running.ended, {code: 0, signal: null});
  });

  it('answers `postern healthcheck` and `postern reload`', async () => {
    const admin = ['--admin', `127.0.0.1:${gateway.adminPort}`];
    assert.equal((await runPostern(['healthcheck', ...admin])).code, 0);
    assert.equal((await runPostern(['reload', ...admin])).code, 0);
  });
  it('`postern healthcheck` and `postern reload` end with 1 where nobody answers', async () => {
    for (const verb of ['healthcheck', 'reload']) {
      const {code, stderr} = await runPostern([verb, '--admin', '127.0.0.1:1']);
      assert.equal(code, 1);
      assert.match(stderr, /127\.0\.0\.1:1/);
    }
  });

  it('counts requests, decisions, cached tokens and durations', async (t) => {
    const scope = scoped(t);
    const {gateway, key} = await startStandard(scope, {workers: 2});
    const token = await mint(key);
    const client = await connect(scope, gateway.port);
    for (let i = 0; i < 3; ++i) {
      client.send(request('GET', '/orders', [bearer(token)]));
      await client.response();
    }
    client.send(request('BREW', '/open'));
    await client.response();
    client.send(request('GET', '/orders'));
    await client.response();
    const requests = (labels) => gateway.metric('postern_http_requests_total', labels);
    assert.equal(await requests({route: 'orders', method: 'GET', code: '200'}), 3);
    assert.equal(await requests({route: 'orders', code: '401'}), 1);
    assert.equal(await requests({route: 'open', method: 'OTHER'}), 1);
    assert.equal(await gateway.metric('postern_auth_decisions_total', {route: 'orders', provider: 'shop', reason: 'accepted'}), 3);
    assert.equal(await gateway.metric('postern_auth_decisions_total', {reason: 'token_missing'}), 1);
    assert.equal(await gateway.metric('postern_token_cache_hits_total'), 2);
    assert.equal(await gateway.metric('postern_token_cache_misses_total'), 1);
    assert.equal(await gateway.metric('postern_http_request_duration_seconds_count', {route: 'orders'}), 4);
    assert.equal(await gateway.metric('postern_upstream_request_duration_seconds_count', {upstream: 'orders'}), 4);
    assert.equal(await gateway.metric('postern_build_info'), 1);
    assert.ok(await gateway.metric('process_resident_memory_bytes') > 1e6);
  });

  it('writes metrics in the text format, each family once', async () => {
    const {text, headers} = await gateway.admin('/metrics');
    assert.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    assert.equal(new Set(families).size, families.length);
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) \S+ .+|[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+.\deInfNa]+)$/);
    }
  });

  it('never says sub, path or kid in a metric', async (t) => {
    await exchange(scoped(t), gateway.port, request('GET', '/orders/private-path', [bearer(await mint(key))]));
    const {text} = await gateway.admin('/metrics');
    assert.doesNotMatch(text, new RegExp(`alice|private-path|${key.kid}`));
  });
});

describe('the access log', () => {
  const scope = scoped();
  let gateway, key;
  before(async () => ({gateway, key} = await startStandard(scope)));

  it('has one JSON line a request with who, what and how long', async (t) => {
    await exchange(scoped(t), gateway.port, request('POST', '/orders/logged?secret=1', [bearer(await mint(key)), 'Cookie: session=private'], 'body'));
    const line = await gateway.lineOf('/orders/logged');
    assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 60_000);
    assert.equal(line.route, 'orders');
    assert.equal(line.method, 'POST');
    assert.equal(line.status, 200);
    assert.equal(line.request_bytes, 4);
    assert.equal(line.response_bytes, 2);
    assert.ok(line.duration_ms >= 0 && line.upstream_ms >= 0);
    assert.match(line.upstream, /127\.0\.0\.1:\d+/);
    assert.equal(line.iss, issuer);
    assert.equal(line.sub, 'alice');
    assert.equal(line.kid, key.kid);
    assert.match(line.trace_id, /^[0-9a-f]{32}$/);
    assert.doesNotMatch(gateway.running.stdout, /secret|private/);
  });

  it('is one line whatever a client sends', async (t) => {
    await exchange(scoped(t), gateway.port, request('GET', '/orders/%22%5b%0aforged', []));
    await exchange(scoped(t), gateway.port, request('GET', '/open/%22quoted%22'));
    await eventually('a line', () => gateway.lines.some(({path}) => path?.includes('quoted')));
  });

  it('can be turned off', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {access_log: 'off'});
    await exchange(scope, gateway.port, request('GET', '/open'));
    await gateway.stop();
    assert.equal(gateway.running.stdout, '');
  });

  it('does not stop the gateway when nobody reads it', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    gateway.running.child.stdout.pause();
    const client = await connect(scope, gateway.port);
    for (let i = 0; i < 40; ++i) {
      client.send(request('GET', `/open/${'p'.repeat(200)}`).repeat(50));
      for (let j = 0; j < 50; ++j) assert.equal((await client.response()).status, 200);
    }
    gateway.running.child.stdout.resume();
  });
});
