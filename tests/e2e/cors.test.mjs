// CORS: preflights answered before authentication, and the fields on every response, refusals too.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {exchange} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {mint} from './harness/tokens.mjs';

const app = 'https://app.example.com';

describe('cors', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope, {
    routes: [
      {
        name: 'shared', match: {path_prefix: '/shared'}, upstream: 'orders', jwt: {providers: ['shop']},
        cors: {
          origins: [app], origin_patterns: ['https://[a-z]+\\.preview\\.example\\.com'], methods: ['GET', 'PUT'],
          allow_headers: ['Authorization', 'X-Custom'], expose_headers: ['X-Total'], credentials: true, max_age: '1h',
        },
      },
      {name: 'anyone', match: {path_prefix: '/anyone'}, upstream: 'orders', public: true, cors: {origins: ['*']}},
    ],
  })));

  const preflight = async (t, origin, target = '/shared', method = 'PUT') => {
    upstream.forget();
    const fields = {Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization'};
    const {response} = await exchange(scoped(t), gateway.port, request('OPTIONS', target, fields));
    return response;
  };

  it('answers a preflight of a listed origin without a token and without the upstream', async (t) => {
    const response = await preflight(t, app);
    assert.equal(response.status, 204);
    assert.equal(response.get('access-control-allow-origin'), app);
    assert.equal(response.get('access-control-allow-credentials'), 'true');
    assert.equal(response.get('access-control-allow-methods'), 'GET, PUT');
    assert.match(response.get('access-control-allow-headers'), /authorization/i);
    assert.equal(response.get('access-control-max-age'), '3600');
    assert.match(response.all('vary').join(), /origin/i);
    assert.equal(upstream.bytes, '');
  });

  it('answers a preflight of an origin that fits a pattern as a whole', async (t) => {
    assert.equal((await preflight(t, 'https://abc.preview.example.com')).get('access-control-allow-origin'), 'https://abc.preview.example.com');
    assert.equal((await preflight(t, 'https://abc.preview.example.com.evil.net')).get('access-control-allow-origin'), undefined);
  });

  for (const origin of ['https://evil.example', 'null', 'http://app.example.com', 'https://app.example.com:444', `${app}.evil.net`]) {
    it(`allows nothing to ${origin}`, async (t) => {
      const response = await preflight(t, origin);
      assert.equal(response.get('access-control-allow-origin'), undefined);
      assert.equal(upstream.bytes, '');
    });
  }

  it('stands on accepted responses, instead of what the upstream says', async (t) => {
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nX-Total: 3\r\nContent-Length: 0\r\n\r\n';
    const {response} = await exchange(scoped(t), gateway.port, request('GET', '/shared', [bearer(await mint(key)), ['Origin', app]]));
    assert.deepEqual(response.all('access-control-allow-origin'), [app]);
    assert.equal(response.get('access-control-expose-headers'), 'X-Total');
  });

  it('stands on refusals', async (t) => {
    const {response} = await exchange(scoped(t), gateway.port, request('GET', '/shared', {Origin: app}));
    assert.equal(response.status, 401);
    assert.equal(response.get('access-control-allow-origin'), app);
    assert.equal(response.get('access-control-allow-credentials'), 'true');
  });

  it('does not stand on responses to other origins', async (t) => {
    const {response} = await exchange(scoped(t), gateway.port, request('GET', '/shared', {Origin: 'https://evil.example'}));
    assert.equal(response.get('access-control-allow-origin'), undefined);
    assert.match(response.all('vary').join(), /origin/i);
  });

  it('says * where every origin may', async (t) => {
    assert.equal((await preflight(t, 'https://who.ever', '/anyone', 'GET')).get('access-control-allow-origin'), '*');
    const {response} = await exchange(scoped(t), gateway.port, request('GET', '/anyone', {Origin: 'https://who.ever'}));
    assert.equal(response.get('access-control-allow-origin'), '*');
  });

  it('leaves an OPTIONS that is no preflight to the route', async (t) => {
    const {response} = await exchange(scoped(t), gateway.port, request('OPTIONS', '/shared', {Origin: app}));
    assert.equal(response.status, 401);
  });

  it('without cors a preflight wants the token like any request', async (t) => {
    assert.equal((await preflight(t, app, '/orders')).status, 401);
  });
});
