// Where a token may stand, who judges it, and what reaches the upstream of it.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {exchange} from './harness/raw_client.mjs';
import {assertRefused} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {audience, issuer, jwks, makeKey, mint, withOtherSignature} from './harness/tokens.mjs';

const route = (name, from, more = {}) => ({
  name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['shop'], ...(from && {from}), ...more}, claim_headers: {sub: 'X-User-Id'},
});

const suiteScope = scoped();
let standard, token, bad;
before(async () => {
  standard = await startStandard(suiteScope, {
    routes: [
      route('header', [{header: 'X-Token', prefix: 'Token'}]),
      route('bare', [{header: 'X-Token'}]),
      route('cookie', [{cookie: 'session'}]),
      route('query', [{query: 'access_token'}]),
      route('several', [{header: 'Authorization', prefix: 'Bearer'}, {cookie: 'session'}, {query: 'access_token'}]),
      route('kept', undefined, {keep_token: true}),
      route('optional', undefined, {optional: true}),
      {...route('observed'), observe: true},
    ],
  });
  token = await mint(standard.key);
  bad = withOtherSignature(token);
});

const ask = async (t, target, fields, method = 'GET') => {
  standard.upstream.forget();
  const {response} = await exchange(scoped(t), standard.gateway.port, request(method, target, fields));
  return {response, got: standard.upstream.last};
};
const accepted = async (t, target, fields, method) => {
  const {response, got} = await ask(t, target, fields, method);
  assert.equal(response.status, 200, response.text);
  assert.equal(got.get('x-user-id'), 'alice');
  assert.doesNotMatch(standard.upstream.bytes, new RegExp(token.slice(-40)), 'the token reached the upstream');
  return got;
};
const refused = (t, target, fields, status, reason, prefix) => assertRefused(
  scoped(t), standard, (path) => request('GET', target.replace('PATH', path), fields), {status, reason, prefix});

describe('a token is taken from', () => {
  it('Authorization, which the upstream does not get', async (t) => {
    assert.equal((await accepted(t, '/orders', [bearer(token)])).get('authorization'), undefined);
  });
  it('a named header with a prefix', (t) => accepted(t, '/header', {'X-Token': `Token ${token}`}));
  it('a named header without a prefix', (t) => accepted(t, '/bare', {'X-Token': token}));
  it('a cookie, and the other cookies stay', async (t) => {
    assert.equal((await accepted(t, '/cookie', {Cookie: `a=1; session=${token}; b=2`})).get('cookie'), 'a=1; b=2');
  });
  it('a cookie that is the only one', async (t) => {
    assert.equal((await accepted(t, '/cookie', {Cookie: `session=${token}`})).get('cookie'), undefined);
  });
  it('a query parameter, and the others stay', async (t) => {
    assert.equal((await accepted(t, `/query?a=1&access_token=${token}&b=%20`, [])).target, '/query?a=1&b=%20');
  });
  it('nowhere but where the route says', async (t) => {
    await refused(t, 'PATH', [bearer(token)], 401, 'token_missing', '/cookie');
    await refused(t, `PATH?access_token=${token}`, {Cookie: `session=${token}`}, 401, 'token_missing', '/orders');
  });
  it('a place that the route does not read is no second token', async (t) => {
    const {response} = await ask(t, `/orders?access_token=${token}`, [bearer(token)]);
    assert.equal(response.status, 200);
  });
});

describe('several places', () => {
  it('header and query: 400 token_multiple', (t) => refused(t, `PATH?access_token=${token}`, [bearer(token)], 400, 'token_multiple', '/several'));
  it('two query parameters: 400 token_multiple', (t) => refused(t, `PATH?access_token=${token}&access_token=${token}`, [], 400, 'token_multiple', '/several'));
  it('a header wins over a cookie, and both are removed', async (t) => {
    await accepted(t, '/several', [bearer(token), ['Cookie', `session=${bad}`]]);
    assert.doesNotMatch(standard.upstream.bytes, new RegExp(bad.slice(-40)));
  });
  it('a bad header is not saved by a good cookie', (t) => refused(t, 'PATH', [bearer(bad), ['Cookie', `session=${token}`]], 401, 'signature_invalid', '/several'));
  it('another scheme passes when the token came from elsewhere', async (t) => {
    const {got} = await ask(t, '/cookie', {Cookie: `session=${token}`, Authorization: 'Basic YTpi'});
    assert.equal(got.get('authorization'), 'Basic YTpi');
  });
});

describe('a token in a cookie', () => {
  const cookie = () => ['Cookie', `session=${token}`];
  const table = [
    ['GET', ['Sec-Fetch-Site: cross-site'], true],
    ['POST', ['Sec-Fetch-Site: same-origin'], true],
    ['POST', ['Sec-Fetch-Site: none'], true],
    ['POST', ['Sec-Fetch-Site: cross-site'], false],
    ['POST', ['Sec-Fetch-Site: same-site'], false],
    ['POST', ['Origin: http://shop.example.com'], true],
    ['POST', ['Origin: https://evil.example'], false],
    ['POST', ['Origin: null'], false],
    ['POST', [], true],
  ];
  for (const [method, lines, isAccepted] of table) {
    it(`${isAccepted ? 'is accepted for' : 'is refused for'} ${method} with ${lines[0] ?? 'neither field'}`, async (t) => {
      const fields = [cookie(), ...lines];
      if (isAccepted) return accepted(t, '/cookie', fields, method);
      await assertRefused(scoped(t), standard, (path) => request(method, path, fields), {status: 403, reason: 'origin_refused', prefix: '/cookie'});
    });
  }
});

describe('keep_token', () => {
  it('leaves Authorization for the upstream', async (t) => {
    const {got} = await ask(t, '/kept', [bearer(token)]);
    assert.equal(got.get('authorization'), `Bearer ${token}`);
    assert.equal(got.get('x-user-id'), 'alice');
  });
});

describe('a public route', () => {
  it('leaves Authorization untouched and strips what it could be fooled with', async (t) => {
    const {got} = await ask(t, '/open', [bearer('anything'), 'X-User-Id: mallory']);
    assert.equal(got.get('authorization'), 'Bearer anything');
    assert.equal(got.get('x-user-id'), undefined);
  });
});

describe('optional', () => {
  it('passes without a token and without the claim headers', async (t) => {
    const {response, got} = await ask(t, '/optional', ['X-User-Id: mallory']);
    assert.equal(response.status, 200);
    assert.equal(got.get('x-user-id'), undefined);
  });
  it('passes a good token', (t) => accepted(t, '/optional', [bearer(token)]));
  it('refuses a bad one', (t) => refused(t, 'PATH', [bearer(bad)], 401, 'signature_invalid', '/optional'));
});

describe('observe', () => {
  it('lets a refused request pass with its Authorization and without claim headers, and says so', async (t) => {
    const {response, got} = await ask(t, '/observed/bad', [bearer(bad), 'X-User-Id: mallory']);
    assert.equal(response.status, 200);
    assert.equal(got.get('authorization'), `Bearer ${bad}`);
    assert.equal(got.get('x-user-id'), undefined);
    const line = await standard.gateway.lineOf('/observed/bad');
    assert.equal(line.reason, 'signature_invalid');
    assert.equal(line.status, 200);
    assert.ok(await standard.gateway.metric('postern_auth_decisions_total', {route: 'observed', reason: 'signature_invalid'}) >= 1);
  });
  it('gives an accepted one the claim headers, Authorization unchanged', async (t) => {
    const {got} = await ask(t, '/observed', [bearer(token)]);
    assert.equal(got.get('x-user-id'), 'alice');
    assert.equal(got.get('authorization'), `Bearer ${token}`);
  });
  it('lets a missing token pass', async (t) => {
    assert.equal((await ask(t, '/observed', [])).response.status, 200);
  });
  it('can be said for every route at once', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {observe: true});
    assert.equal((await exchange(scope, gateway.port, request('GET', '/orders'))).response.status, 200);
    assert.equal((await gateway.lineOf('/orders')).reason, 'token_missing');
  });
});

describe('several providers on a route', () => {
  const scope = scoped();
  const other = 'https://login.example.org';
  let gateway, upstream, keys;
  before(async () => {
    keys = {shop: undefined, partner: await makeKey('ES256'), old: await makeKey('EdDSA'), legacy: await makeKey('HS256')};
    const started = await startStandard(scope, ({endpoint, jwksFile}) => {
      const config = standardConfig({endpoint, jwksFile});
      config.providers.shop.algorithms = ['RS256'];
      config.providers.partner = {issuer: other, audiences: ['partners'], jwks_file: scope.file('partner.json', jwks(keys.partner))};
      config.providers.migrated = {issuer, audiences: [audience], jwks_file: scope.file('old.json', jwks(keys.old)), algorithms: ['EdDSA']};
      config.providers.legacy = {issuer, audiences: 'any', secret_file: scope.file('secret', keys.legacy.jwk.k), secret_encoding: 'base64url'};
      config.routes[0].jwt.providers = ['shop', 'partner', 'migrated', 'legacy'];
      return config;
    });
    ({gateway, upstream} = started);
    keys.shop = started.key;
  });

  const status = async (t, token) => (await exchange(scoped(t), gateway.port, request('GET', '/orders', [bearer(token)]))).response.status;
  it('each judges the tokens of its issuer and algorithms', async (t) => {
    assert.equal(await status(t, await mint(keys.shop)), 200);
    assert.equal(await status(t, await mint(keys.partner, {iss: other, aud: ['x', 'partners']})), 200);
    assert.equal(await status(t, await mint(keys.old)), 200);
    assert.equal(await status(t, await mint(keys.legacy, {aud: undefined})), 200);
  });
  it('none lends its keys or its audience to another', async (t) => {
    upstream.forget();
    assert.equal(await status(t, await mint(keys.shop, {iss: other, aud: 'partners'})), 401);
    assert.equal(await status(t, await mint(keys.partner)), 401);
    assert.equal(await status(t, await mint(keys.partner, {iss: other, aud: audience})), 401);
    assert.equal(upstream.bytes, '');
  });
});
