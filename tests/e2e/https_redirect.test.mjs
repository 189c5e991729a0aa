// A listener that only sends clients to https, beside the ones that serve them.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {afterEach, before, describe, it} from 'node:test';

import {curl} from './harness/curl.mjs';
import {makeAuthority} from './harness/certificates.mjs';
import {freePort} from './harness/free_port.mjs';
import {runPostern} from './harness/program.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const redirecting = {address: '127.0.0.1:0', redirect_to_https: true};

describe('a listener that redirects to https', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope, {
    listeners: [redirecting, {...redirecting, https_port: 8443}],
    limits: {head_bytes: '2KiB', body_bytes: '1KiB'},
    trusted_proxies: ['127.0.0.0/8'],
  })));
  afterEach(() => {
    assert.equal(upstream.accepted ?? 0, 0, 'the upstream was connected to');
    assert.equal(upstream.bytes, '');
  });

  const assertSentTo = (response, location) => {
    assert.equal(response.status, 308, response.text);
    assert.deepEqual(response.all('location'), [location]);
    assert.equal(response.get('content-length'), '0');
    assert.equal(response.text, '');
  };
  const send = async (t, bytes, options) => (await exchange(scoped(t), gateway.port, bytes, options)).response;

  // [what, bytes, location]
  const table = [
    ['a public route\'s request', request('GET', '/open/a?b=c%20d&e'), 'https://shop.example.com/open/a?b=c%20d&e'],
    ['a request for which a token is wanted', request('GET', '/orders'), 'https://shop.example.com/orders'],
    ['a request that no route takes', request('GET', '/nowhere'), 'https://shop.example.com/nowhere'],
    ['a Host with a port', request('GET', '/', {Host: 'shop.example.com:8080'}), 'https://shop.example.com/'],
    ['an IPv6 address with a port', request('GET', '/x', {Host: '[2001:db8::1]:80'}), 'https://[2001:db8::1]/x'],
    ['an absolute target', request('GET', 'http://shop.example.com/x?y'), 'https://shop.example.com/x?y'],
    ['a path that is not canonical', request('GET', '//evil.example/../a/./b'), 'https://shop.example.com/a/b'],
    ['a path with an encoded slash', request('GET', '/a%2fb'), 'https://shop.example.com/a%2Fb'],
    ['a preflight', request('OPTIONS', '/open', {Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET'}), 'https://shop.example.com/open'],
    ['a WebSocket', request('GET', '/open', {Connection: 'Upgrade', Upgrade: 'websocket'}), 'https://shop.example.com/open'],
    ['a method of no standard', request('PURGE', '/open'), 'https://shop.example.com/open'],
    ['HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: a.example\r\n\r\n', 'https://a.example/x'],
    // Whoever ended TLS in front was to connect to another listener.
    ['what a trusted proxy calls https', request('GET', '/open', {'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example'}), 'https://shop.example.com/open'],
  ];
  for (const [what, bytes, location] of table) {
    it(`sends ${what} there`, async (t) => assertSentTo(await send(t, bytes), location));
  }

  it('names a port that is not 443', async (t) => {
    const {response} = await exchange(scoped(t), gateway.ports[1], request('GET', '/x?y', {Host: 'shop.example.com:8080'}));
    assertSentTo(response, 'https://shop.example.com:8443/x?y');
  });

  it('answers HEAD, and repeats no token', async (t) => {
    const token = await mint(key);
    const {response, client} = await exchange(scoped(t), gateway.port,
      request('HEAD', '/orders', [bearer(token)]) + request('GET', '/orders', [bearer(token)]), {to: 'HEAD'});
    assertSentTo(response, 'https://shop.example.com/orders');
    const second = await client.response();
    assertSentTo(second, 'https://shop.example.com/orders');
    assert.ok(!JSON.stringify([response.fields, second.fields]).includes(token.split('.')[2]));
  });

  it('goes on behind a body that has come whole', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    for (let i = 0; i < 3; ++i) {
      client.send(request('POST', `/open/${i}`, [], request('GET', '/smuggled')));
      assertSentTo(await client.response(), `https://shop.example.com/open/${i}`);
    }
    client.send(request('GET', '/open/after'));
    assertSentTo(await client.response(), 'https://shop.example.com/open/after');
    assert.equal(client.text, '');
  });

  for (const [what, fields, body] of [
    ['is on its way', ['Content-Length: 100'], 'half'],
    ['is chunked', ['Transfer-Encoding: chunked'], chunks(['a', 'b'])],
    ['is larger than limits.body_bytes', ['Content-Length: 100000'], ''],
    ['is waited with', ['Content-Length: 5', 'Expect: 100-continue'], ''],
  ]) {
    it(`takes leave of a client whose body ${what}`, async (t) => {
      const {response, client} = await exchange(scoped(t), gateway.port, request('POST', '/open', fields, body));
      assertSentTo(response, 'https://shop.example.com/open');
      assert.equal(response.get('connection'), 'close');
      client.finish();
      assert.equal(await client.ended(), 'end');
    });
  }

  it('answers pipelined requests in their order', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    const paths = ['/a', '/b', '/c', '/d'];
    client.send(paths.map((path) => request(path === '/b' ? 'POST' : 'GET', path, [], path === '/b' ? 'body' : undefined)).join(''));
    for (const path of paths) assertSentTo(await client.response(), `https://shop.example.com${path}`);
  });

  // [what, bytes, status, reason]
  const refused = [
    ['a Host that is none', request('GET', '/', {Host: 'evil.example/x'}), 400, 'request_malformed'],
    ['a Host with a user', request('GET', '/', {Host: 'shop.example.com@evil.example'}), 400, 'request_malformed'],
    ['two Hosts', request('GET', '/', ['Host: a.example', 'Host: b.example']), 400, 'request_malformed'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'request_malformed'],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400, 'request_malformed'],
    ['an absolute target of another host', request('GET', 'http://evil.example/'), 400, 'request_malformed'],
    ['two framings', request('POST', '/', ['Content-Length: 3', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400, 'request_malformed'],
    ['a path above the root', request('GET', '/../x'), 400, 'request_malformed'],
    ['a bare LF in the head', 'GET / HTTP/1.1\nHost: a.example\n\n', 400, 'request_malformed'],
    ['TRACE', request('TRACE', '/'), 405, 'method_not_allowed'],
    ['a head beyond limits.head_bytes', request('GET', '/', {'X-Pad': 'p'.repeat(2048)}), 431, 'header_too_large'],
  ];
  for (const [what, bytes, status, reason] of refused) {
    it(`refuses ${what}`, async (t) => {
      const response = await send(t, bytes);
      assertErrorReply(response, {status, reason});
      assert.equal(response.get('location'), undefined);
    });
  }

  it('logs and counts its requests without a route', async (t) => {
    const labels = {route: '', method: 'PATCH', code: '308'};
    const before = await gateway.metric('postern_http_requests_total', labels);
    await send(t, request('PATCH', '/orders/logged?secret', {'X-Forwarded-For': '192.0.2.7'}));
    const line = await gateway.lineOf('/orders/logged');
    const {time, duration_ms: duration, ...rest} = line;
    assert.deepEqual(rest, {
      route: '', method: 'PATCH', path: '/orders/logged', host: 'shop.example.com', client: '192.0.2.7', status: 308,
      request_bytes: 0, response_bytes: 0,
    });
    assert.ok(time && duration >= 0);
    assert.equal(await gateway.metric('postern_http_requests_total', labels), before + 1);
    assert.equal(await gateway.metric('postern_auth_decisions_total'), 0);
  });
});

describe('beside a listener that redirects to https', () => {
  const scope = scoped();
  let authority, gateway, upstream, key, config, securePort;
  before(async () => {
    authority = await makeAuthority(scope);
    const leaf = await authority.issue('shop.example.com');
    securePort = await freePort();
    ({gateway, upstream, key, config} = await startStandard(scope, {
      listeners: [
        {...redirecting, address: `127.0.0.1:${await freePort()}`, https_port: securePort}, // a reload knows a listener by its address
        {address: `127.0.0.1:${securePort}`, tls: {certificates: [{certificate_file: leaf.certificateFile, key_file: leaf.keyFile}]}},
        {address: '127.0.0.1:0'},
      ],
    }));
  });

  it('the one of https serves a client that follows, with method, body and token', async (t) => {
    upstream.forget();
    const resolve = (port) => ['--resolve', `shop.example.com:${port}:127.0.0.1`];
    const answer = await curl('--cacert', authority.certificateFile, ...resolve(gateway.port), ...resolve(securePort),
      '--location-trusted', '--data', 'a=b', '-H', `Authorization: Bearer ${await mint(key)}`,
      `http://shop.example.com:${gateway.port}/orders/1?c=d`);
    assert.equal(answer.status, 308, answer.stderr);
    assert.match(answer.text, /^HTTP\/1.1 200 /); // what curl shows behind the first head
    assert.equal(upstream.requests.length, 1);
    assert.equal(upstream.last.startLine, 'POST /orders/1?c=d HTTP/1.1');
    assert.equal(upstream.last.text, 'a=b');
    assert.equal(upstream.last.get('x-user-id'), 'alice');
    assert.equal(upstream.last.get('x-forwarded-proto'), 'https');
  });

  it('a plain one serves, too', async (t) => {
    assert.equal((await exchange(scoped(t), gateway.ports[2], request('GET', '/open'))).response.status, 200);
  });

  it('a reload ends the redirects, and begins them again, on old connections too', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    const status = async () => {
      client.send(request('GET', '/open'));
      return (await client.response()).status;
    };
    const reload = async (listener) => {
      writeFileSync(`${gateway.configFile}.new`, JSON.stringify({...config, listeners: [listener, ...config.listeners.slice(1)]}));
      renameSync(`${gateway.configFile}.new`, gateway.configFile);
      assert.equal((await gateway.admin('/reload', {method: 'POST'})).status, 200);
    };
    assert.equal(await status(), 308);
    await reload({address: config.listeners[0].address});
    await eventually('the listener serves', async () => await status() === 200);
    await reload(config.listeners[0]);
    await eventually('the listener redirects', async () => await status() === 308);
    client.send(request('GET', '/open'));
    assert.equal((await client.response()).get('location'), `https://shop.example.com:${securePort}/open`);
    assert.equal(await gateway.metric('postern_config_last_reload_successful'), 1);
  });

  it('routes are validated, explained and printed as ever', async (t) => {
    const file = scoped(t).file('printed.yaml', (await runPostern(['config', 'print', '-c', gateway.configFile])).stdout);
    const again = await runPostern(['config', 'print', '-c', file]);
    assert.match(again.stdout, new RegExp(`redirect_to_https: true\\n +https_port: ${securePort}\\n`));
    const validated = await runPostern(['validate', '-c', file]);
    assert.equal(validated.stderr, '');
    assert.match(validated.stdout, /^orders +\/orders and \/orders\/\* +orders +jwt: shop$/m);
    const explained = await runPostern(['explain', '-c', file, '--request', 'GET http://shop.example.com/orders/1', '--json', await mint(key)]);
    assert.equal(JSON.parse(explained.stdout).route, 'orders');
  });

  it('a listener of both is refused, with its place', async (t) => {
    const {tls} = config.listeners[1];
    const file = scoped(t).file('both.yaml', {...config, listeners: [{address: '127.0.0.1:0', tls, redirect_to_https: true}]});
    const {code, stderr} = await runPostern(['validate', '-c', file]);
    assert.equal(code, 78);
    assert.match(stderr, /both\.yaml:\d+:\d+: listeners\[0\]\.redirect_to_https: cannot stand beside `tls`/);
  });
});
