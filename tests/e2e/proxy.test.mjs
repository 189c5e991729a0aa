// HTTP/1.1 as a proxy speaks it: connections, the head that the upstream gets, real clients and a real upstream.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {before, describe, it} from 'node:test';

import {Agent, request as undiciRequest} from 'undici';

import {curl} from './harness/curl.mjs';
import {startGateway} from './harness/gateway.mjs';
import {startNginx} from './harness/nginx.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {ok} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

describe('downstream connections', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope)));

  it('serves several requests on one connection, over one upstream connection', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    const token = await mint(key);
    for (let i = 0; i < 3; ++i) {
      client.send(request('GET', `/orders/${i}`, [bearer(token)]));
      assert.equal((await client.response()).text, 'ok');
    }
    assert.equal(upstream.connections.length, 1);
  });

  it('answers pipelined requests in their order', async (t) => {
    const scope = scoped(t);
    upstream.answer = ({target}) => `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
    scope.onClose(() => { upstream.answer = () => ok; });
    const client = await connect(scope, gateway.port);
    const targets = ['/open/1', '/orders/none', '/open/2', '/open/3'];
    client.send(targets.map((target) => request('GET', target)).join(''));
    const answers = [];
    for (const _ of targets) answers.push(await client.response());
    assert.deepEqual(answers.map(({status}) => status), [200, 401, 200, 200]);
    assert.deepEqual([0, 2, 3].map((i) => answers[i].text), ['/open/1', '/open/2', '/open/3']);
  });

  it('takes a request that arrives byte by byte', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    client.socket.setNoDelay(true);
    for (const byte of request('POST', '/open/slow', [], 'hello')) {
      client.send(byte);
      await new Promise(setImmediate);
    }
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.last.text, 'hello');
  });

  it('closes after the response when the client asks for it', async (t) => {
    const {response, client} = await exchange(scoped(t), gateway.port, request('GET', '/open', {Connection: 'close'}));
    assert.match(response.get('connection'), /close/i);
    assert.equal(await client.ended(), 'end');
  });

  it('closes after the response to an HTTP/1.0 client, and keeps alive one that asks', async (t) => {
    const scope = scoped(t);
    const plain = await exchange(scope, gateway.port, 'GET /open HTTP/1.0\r\nHost: a\r\n\r\n');
    assert.equal(plain.response.status, 200);
    assert.equal(await plain.client.ended(), 'end');
    const kept = await exchange(scope, gateway.port, 'GET /open HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    assert.match(kept.response.get('connection'), /keep-alive/i);
    kept.client.send('GET /open HTTP/1.0\r\nHost: a\r\n\r\n');
    assert.equal((await kept.client.response()).status, 200);
  });

  it('answers a client that shut its sending side down after the request', async (t) => {
    const scope = scoped(t);
    const slow = await startStandard(scope, {upstreamOptions: {
      answer: () => new Promise((resolve) => setTimeout(resolve, 400, ok)), // an answer that takes its time
    }});
    const client = await connect(scope, slow.gateway.port);
    client.send(request('GET', '/open'));
    client.finish();
    assert.equal((await client.response()).status, 200);
  });
});

describe('the head that the upstream gets', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  const sent = async (t, fields, target = '/open') => {
    const {response} = await exchange(scoped(t), gateway.port, request('GET', target, fields));
    assert.equal(response.status, 200);
    return upstream.last;
  };

  it('keeps Host, the query and the end-to-end fields', async (t) => {
    const got = await sent(t, {Host: 'shop.example.com:8443', Accept: '*/*', 'X-Mixed-Case': 'a, b', Cookie: 'k=v'}, '/open/x?a=1&a=%20');
    assert.equal(got.target, '/open/x?a=1&a=%20');
    assert.deepEqual(got.all('host'), ['shop.example.com:8443']);
    assert.equal(got.get('accept'), '*/*');
    assert.equal(got.get('x-mixed-case'), 'a, b');
    assert.equal(got.get('cookie'), 'k=v');
  });

  it('has no hop-by-hop field, nor one that Connection names', async (t) => {
    const got = await sent(t, {
      Connection: 'keep-alive, X-Private', 'X-Private': '1', 'Keep-Alive': 'timeout=5', TE: 'trailers',
      'Proxy-Connection': 'keep-alive', 'Proxy-Authorization': 'Basic eA==',
    });
    for (const name of ['x-private', 'keep-alive', 'te', 'proxy-connection', 'proxy-authorization']) {
      assert.equal(got.get(name), undefined, name);
    }
  });

  it('has no Proxy, X-Original-URL, X-Rewrite-URL or X-HTTP-Method-Override', async (t) => {
    const got = await sent(t, {Proxy: 'http://evil', 'X-Original-URL': '/admin', 'X-Rewrite-URL': '/admin', 'X-HTTP-Method-Override': 'DELETE'});
    for (const name of ['proxy', 'x-original-url', 'x-rewrite-url', 'x-http-method-override']) assert.equal(got.get(name), undefined, name);
    assert.equal(got.method, 'GET');
  });

  it('has X-Forwarded-* of its own, not the client\'s', async (t) => {
    const got = await sent(t, {
      'X-Forwarded-For': '6.6.6.6', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil', 'X-Forwarded-Port': '1', Forwarded: 'for=6.6.6.6',
    });
    assert.deepEqual(got.all('x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(got.all('x-forwarded-proto'), ['http']);
    assert.deepEqual(got.all('x-forwarded-host'), ['shop.example.com']);
    assert.doesNotMatch(got.headBytes.toString(), /6\.6\.6\.6|evil/);
    assert.equal(got.get('forwarded'), undefined);
  });

  it('continues a valid traceparent and begins one otherwise', async (t) => {
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    assert.match((await sent(t, {traceparent: valid})).get('traceparent'), /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    for (const bad of ['00-0-0-01', '00-00000000000000000000000000000000-b7ad6b7169203331-01']) {
      const begun = (await sent(t, {traceparent: bad})).all('traceparent');
      assert.equal(begun.length, 1);
      assert.match(begun[0], /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/);
    }
  });

  it('appends to X-Forwarded-For behind a trusted proxy, and sends Forwarded on request', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {trusted_proxies: ['127.0.0.0/8'], forwarded: true});
    await exchange(scope, gateway.port, request('GET', '/open', {'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https'}));
    assert.equal(upstream.last.all('x-forwarded-for').join(', '), '203.0.113.7, 127.0.0.1');
    assert.deepEqual(upstream.last.all('x-forwarded-proto'), ['https']);
    assert.match(upstream.last.get('forwarded'), /for=.*127\.0\.0\.1/i);
  });

  it('tells log and upstream whom trusted proxies speak for, and nobody else\'s word', async (t) => {
    for (const [trusted_proxies, path, client] of [[['127.0.0.0/8'], '/open/told', '203.0.113.7'], [['10.0.0.0/8'], '/open/claimed', '127.0.0.1']]) {
      const scope = scoped(t);
      const {gateway, upstream} = await startStandard(scope, {trusted_proxies});
      await exchange(scope, gateway.port, request('GET', path, {'X-Forwarded-For': '198.51.100.1, 203.0.113.7, 127.0.0.9'}));
      assert.deepEqual(upstream.last.all('x-real-ip'), [client]);
      assert.equal((await gateway.lineOf(path)).client, client);
    }
  });

  it('replaces Host where the upstream has a host of its own', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, ({endpoint, jwksFile}) => {
      const config = standardConfig({endpoint, jwksFile});
      config.upstreams.orders.host = 'internal.example';
      return config;
    });
    await exchange(scope, gateway.port, request('GET', '/open'));
    assert.deepEqual(upstream.last.all('host'), ['internal.example']);
    assert.equal(upstream.last.get('x-forwarded-host'), 'shop.example.com');
  });
});

describe('the head that the client gets', () => {
  it('has the time at which the response came where the upstream sends none, not that of the request', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    const second = () => Math.floor(Date.now() / 1000);
    let answered;
    upstream.answer = async () => {
      const received = second();
      await eventually('the next second has begun', () => (answered = second()) > received);
      return ok;
    };
    const {response} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.ok(Date.parse(response.get('date')) / 1000 >= answered, `${response.get('date')} < ${answered}`);
  });
});

describe('real clients and a real upstream', () => {
  const scope = scoped();
  const file = randomBytes(700_000);
  let gateway, nginx, key;
  before(async () => {
    key = await makeKey('ES256');
    nginx = await startNginx(scope, `
      location /open/file { alias ${scope.directory}/html/; }
      location /orders/whoami { add_header X-Seen-User "$http_x_user_id"; return 200 "user=$http_x_user_id auth=$http_authorization\n"; }
      location /orders { return 200 "got $request_method\n"; }`);
    writeFileSync(`${scope.directory}/html/data.bin`, file);
    gateway = await startGateway(scope, standardConfig({endpoint: nginx.endpoint, jwksFile: scope.file('jwks.json', jwks(key))}));
  });

  it('gives curl nginx\'s answer with the verified claim', async () => {
    const answer = await curl('-H', `Authorization: Bearer ${await mint(key)}`, `${gateway.url}/orders/whoami`);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'user=alice auth=\n');
  });

  it('gives curl a range of a file', async () => {
    const answer = await curl('-r', '0-9', '-o', '/dev/null', '-D', '-', `${gateway.url}/open/file/data.bin`);
    assert.equal(answer.status, 206);
    assert.equal(answer.get('content-range'), 'bytes 0-9/700000');
  });

  it('takes a body with Expect: 100-continue from curl', async (t) => {
    const body = scoped(t).file('body', 'b'.repeat(200_000));
    const answer = await curl('-H', `Authorization: Bearer ${await mint(key)}`, '-H', 'Expect: 100-continue', '--data-binary', `@${body}`, `${gateway.url}/orders`);
    assert.equal(answer.text, 'got POST\n');
  });

  it('gives undici many concurrent downloads intact', async (t) => {
    const agent = new Agent({connections: 16});
    t.after(() => agent.close());
    const wanted = createHash('sha256').update(file).digest('hex');
    const download = async () => {
      const {statusCode, body} = await undiciRequest(`${gateway.url}/open/file/data.bin`, {dispatcher: agent});
      assert.equal(statusCode, 200);
      return createHash('sha256').update(Buffer.from(await body.arrayBuffer())).digest('hex');
    };
    const hashes = await Promise.all(Array.from({length: 60}, download));
    assert.deepEqual(new Set(hashes), new Set([wanted]));
  });

  it('takes pipelined requests of undici', async (t) => {
    const agent = new Agent({connections: 1, pipelining: 8});
    t.after(() => agent.close());
    const headers = {authorization: `Bearer ${await mint(key)}`};
    const texts = await Promise.all(Array.from({length: 40}, async () => {
      const {body} = await undiciRequest(`${gateway.url}/orders/whoami`, {dispatcher: agent, headers});
      return body.text();
    }));
    assert.deepEqual(new Set(texts), new Set(['user=alice auth=\n']));
  });
});
