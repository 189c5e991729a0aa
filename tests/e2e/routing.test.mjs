// Which route a request takes and what the route makes of it.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {exchange} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';

// A public route that tells its name to the upstream.
const named = (name, match, more = {}) => ({name, match, upstream: 'orders', public: true, request_headers: {set: {'X-Route': name}}, ...more});

describe('the most specific route', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope, {
    // The least specific ones stand first: order in the file means nothing.
    routes: [
      named('all', {path_prefix: '/m'}),
      named('prefix', {path_prefix: '/m/users'}),
      named('template', {path_template: '/m/users/{id}'}),
      named('exact', {path: '/m/users/me'}),
      named('template-below', {path_template: '/m/users/{id}/orders'}),
      named('wildcard', {host: ['*.example.com'], path_prefix: '/m'}),
      named('longer-wildcard', {host: ['*.eu.example.com'], path_prefix: '/m'}),
      named('host', {host: ['api.example.com'], path_prefix: '/m'}),
      named('post', {path_prefix: '/m/users', methods: ['POST']}),
      named('header', {path_prefix: '/m/users', headers: {'X-Version': {value: '2'}}}),
      named('pattern', {path_prefix: '/m/pattern', headers: {'User-Agent': {matches: 'curl/.*'}}}),
      named('absent', {path_prefix: '/m/absent', headers: {'X-Debug': {present: false}}}),
      named('only-get', {path_prefix: '/only', methods: ['GET', 'HEAD']}),
    ],
  })));

  // [method, target, fields, route]
  const table = [
    ['GET', '/m', {}, 'all'],
    ['GET', '/m/', {}, 'all'],
    ['GET', '/m/usersX', {}, 'all'],
    ['GET', '/m/users', {}, 'prefix'],
    ['GET', '/m/users/7', {}, 'template'],
    ['GET', '/m/users/me', {}, 'exact'],
    ['GET', '/m/users/7/orders', {}, 'template-below'],
    ['GET', '/m/users/7/other', {}, 'prefix'],
    ['POST', '/m/users', {}, 'post'],
    ['GET', '/m/users', {'X-Version': '2'}, 'header'],
    ['GET', '/m/users', {'X-Version': '3'}, 'prefix'],
    ['GET', '/m/pattern', {'User-Agent': 'curl/8'}, 'pattern'],
    ['GET', '/m/pattern', {'User-Agent': 'not curl/8'}, 'all'],
    ['GET', '/m/absent', {}, 'absent'],
    ['GET', '/m/absent', {'X-Debug': '1'}, 'all'],
    ['GET', '/m', {Host: 'a.example.com'}, 'wildcard'],
    ['GET', '/m', {Host: 'a.eu.example.com'}, 'longer-wildcard'],
    ['GET', '/m', {Host: 'API.example.com:8443'}, 'host'],
    ['GET', '/m', {Host: 'example.com'}, 'all'],
    ['GET', '/m', {Host: 'notexample.com'}, 'all'],
  ];
  for (const [method, target, fields, route] of table) {
    it(`of ${method} ${target} ${JSON.stringify(fields)} is ${route}`, async (t) => {
      const {response} = await exchange(scoped(t), gateway.port, request(method, target, {Host: 'other.test', ...fields}));
      assert.equal(response.status, 200);
      assert.equal(upstream.last.get('x-route'), route);
    });
  }

  it('that knows the path but not the method: 405 with Allow', async (t) => {
    const {response} = await exchange(scoped(t), gateway.port, request('DELETE', '/only'));
    assert.equal(response.status, 405);
    assert.equal(response.json.reason, 'method_not_allowed');
    assert.deepEqual(response.get('allow').split(', ').sort(), ['GET', 'HEAD']);
  });

  it('of a method override is the real method\'s', async (t) => {
    await exchange(scoped(t), gateway.port, request('GET', '/m/users', {Host: 'other.test', 'X-HTTP-Method-Override': 'POST'}));
    assert.equal(upstream.last.get('x-route'), 'prefix');
  });
});

// An upstream reads the escapes of `:` and `@` as these, and the router does not.
describe('a path that an upstream would read as another route\'s', () => {
  const scope = scoped();
  const guarded = (name, match) => ({name, match, upstream: 'orders', jwt: {providers: ['shop']}});
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope, {
    routes: [
      named('items', {path_prefix: '/v1'}),
      guarded('purge', {path: '/v1/items:purge'}),
      guarded('admin', {path_prefix: '/v1/@admin'}),
      guarded('servlet', {path_prefix: '/v1/a:b'}),
    ],
  })));
  const get = async (t, target) => (await exchange(scoped(t), gateway.port, request('GET', target))).response;

  for (const target of ['/v1/items%3Apurge', '/v1/items%3apurge', '/v1/%40admin/x', '/v1/a%3Ab;x', '/v1/a%3Ab%3Bx']) {
    it(`is refused: ${target}`, async (t) => {
      upstream.forget();
      const response = await get(t, target);
      assert.equal(response.status, 400);
      assert.equal(response.json.reason, 'request_malformed');
      assert.equal(upstream.bytes, '');
    });
  }

  it('goes on as it was written where the route is the same', async (t) => {
    for (const target of ['/v1/items%3Apurge/x', '/v1/a%2Bb', '/v1/%40', '/v1/a%3Bb']) {
      assert.equal((await get(t, target)).status, 200);
      assert.equal(upstream.last.target, target);
    }
  });

  it('is refused for want of a token where its own route wants one', async (t) => {
    assert.equal((await get(t, '/v1/@admin/a%40b')).status, 401);
  });
});

describe('what a route changes', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope, {
    routes: [
      named('stripped', {path_prefix: '/api/v1'}, {strip_prefix: '/api/v1'}),
      named('set', {path_template: '/u/{id}/o/{order}'}, {set_path: '/orders/{order}/of/{id}'}),
      named('edited', {path_prefix: '/edited'}, {
        request_headers: {remove: ['X-Gone'], set: {'X-Set': 'new'}, add: {'X-Add': 'more'}},
        response_headers: {remove: ['Server'], set: {'X-Frame-Options': 'DENY'}, add: {'X-Served-By': 'postern'}},
      }),
      {name: 'direct', match: {path: '/robots.txt'}, direct_response: {status: 200, body: 'User-agent: *\n'}, public: true},
      {name: 'teapot', match: {path: '/teapot'}, direct_response: {status: 418, body: '{"a":1}', content_type: 'application/json'}, public: true},
      {name: 'moved', match: {path_prefix: '/old'}, redirect: {status: 308, to: 'https://new.example.com{path}{query}'}, public: true},
      {name: 'away', match: {path: '/away'}, redirect: {to: '/elsewhere'}, public: true},
      {name: 'guarded', match: {path: '/guarded'}, direct_response: {status: 200, body: 'secret'}, jwt: {providers: ['shop']}},
      named('override', {path_prefix: '/override'}, {keep_method_override: true}),
    ],
  })));
  const send = async (t, target, fields, method = 'GET', to = method) => {
    const {response, client} = await exchange(scoped(t), gateway.port, request(method, target, fields), {to});
    return {response, client, got: upstream.last};
  };

  it('strip_prefix takes the prefix away and leaves the query', async (t) => {
    assert.equal((await send(t, '/api/v1/orders?a=1')).got.target, '/orders?a=1');
    assert.equal((await send(t, '/api/v1')).got.target, '/');
    assert.equal((await send(t, '/api/v1/../v1/x')).got.target, '/x');
  });
  it('set_path fills in the template\'s names', async (t) => {
    assert.equal((await send(t, '/u/7/o/a%20b?q')).got.target, '/orders/a%20b/of/7?q');
  });
  it('request headers are removed, set and added', async (t) => {
    const {got} = await send(t, '/edited', [['X-Gone', '1'], ['X-Set', 'old'], ['X-Set', 'older'], ['X-Add', 'one']]);
    assert.equal(got.get('x-gone'), undefined);
    assert.deepEqual(got.all('x-set'), ['new']);
    assert.deepEqual(got.all('x-add'), ['one', 'more']);
  });
  it('response headers are removed, set and added', async (t) => {
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nServer: old/1\r\nX-Frame-Options: ALLOW\r\nContent-Length: 0\r\n\r\n';
    const {response} = await send(t, '/edited');
    assert.equal(response.get('server'), undefined);
    assert.deepEqual(response.all('x-frame-options'), ['DENY']);
    assert.equal(response.get('x-served-by'), 'postern');
  });
  it('a direct response is given without the upstream', async (t) => {
    upstream.forget();
    const {response, client} = await send(t, '/robots.txt');
    assert.equal(response.text, 'User-agent: *\n');
    assert.match(response.get('content-type'), /^text\/plain/);
    client.send(request('GET', '/teapot'));
    const teapot = await client.response();
    assert.equal(teapot.status, 418);
    assert.equal(teapot.get('content-type'), 'application/json');
    assert.equal((await send(t, '/robots.txt', {}, 'HEAD')).response.get('content-length'), '14');
    assert.equal(upstream.bytes, '');
  });
  it('a direct response behind a token wants the token', async (t) => {
    assert.equal((await send(t, '/guarded')).response.status, 401);
  });
  it('a redirect keeps path and query where it says so', async (t) => {
    const {response} = await send(t, '/old/x?a=b%20c');
    assert.equal(response.status, 308);
    assert.equal(response.get('location'), 'https://new.example.com/old/x?a=b%20c');
    const away = await send(t, '/away?ignored');
    assert.equal(away.response.status, 302);
    assert.equal(away.response.get('location'), '/elsewhere');
  });
  it('a body sent to a direct response is not the next request', async (t) => {
    const {client} = await send(t, '/robots.txt', [`Content-Length: ${request('GET', '/open').length}`], 'POST');
    client.send(request('GET', '/open'));
    client.send(request('GET', '/teapot'));
    await client.until('the end or the teapot', (text) => client.isOver || text.includes('418'));
    assert.doesNotMatch(client.text, /^HTTP\/1.1 200/);
  });
  it('X-HTTP-Method-Override reaches the upstream where the route keeps it', async (t) => {
    assert.equal((await send(t, '/override', {'X-HTTP-Method-Override': 'PUT'})).got.get('x-http-method-override'), 'PUT');
  });
});

describe('ten thousand routes', () => {
  it('are served like ten', async (t) => {
    const scope = scoped(t);
    const many = Array.from({length: 10_000}, (_, i) => named(`r${i}`, {path_prefix: `/many/${i}`}));
    const {gateway, upstream} = await startStandard(scope, {routes: many});
    for (const i of [0, 5000, 9999]) {
      await exchange(scope, gateway.port, request('GET', `/many/${i}/x`));
      assert.equal(upstream.last.get('x-route'), `r${i}`);
    }
  });
});
