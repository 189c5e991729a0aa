// Tokens that a provider's or a route's own rules refuse, and how refusals look. The attacks that have a number are in
// attacks.test.mjs.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {assertErrorReply, assertRefused} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {audience, base64url, goodClaims, issuer, makeKey, mint, now, signRaw, withOtherSignature} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();
const keys = {};
let standard;

const providerRules = (jwksFile) => ({
  shop: {
    issuer, audiences: [audience], jwks_file: jwksFile, max_lifetime: '1h', required_claims: ['jti'],
    claims: [{claim: 'realm.name', equals: 'shop'}],
  },
});

before(async () => {
  keys.other = await makeKey('ES256');
  standard = await startStandard(suiteScope, ({endpoint, jwksFile}) => standardConfig({
    endpoint,
    providers: providerRules(jwksFile),
    routes: [{
      name: 'scoped', match: {path_prefix: '/scoped'}, upstream: 'orders',
      jwt: {providers: ['shop'], scopes: ['orders:read', 'orders:list'], required_claims: ['tenant'], claims: [{claim: 'tenant', one_of: ['a', 'b']}]},
    }],
  }));
  keys.rs = standard.key;
});

const realm = {realm: {name: 'shop'}};
const good = (changes = {}, header = {}, key = keys.rs) => mint(key, {...realm, ...changes}, header);

it('a good token is accepted', async (t) => {
  const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', [bearer(await good())]));
  assert.equal(response.status, 200, response.text);
});

describe('a provider\'s checks: 401', () => {
  // name: [token, reason]
  const table = {
    'alg in lower case': [() => signRaw(keys.rs, {alg: 'rs256', kid: keys.rs.kid}, goodClaims(realm)), 'algorithm_not_allowed'],
    'ES256 with the kid of an RSA key': [() => good({}, {kid: keys.rs.kid}, keys.other), 'key_unknown'],
    'another signature': [async () => withOtherSignature(await good()), 'signature_invalid'],
    'a payload that was exchanged': [async () => {
      const [header, , signature] = (await good()).split('.');
      return `${header}.${base64url(JSON.stringify(goodClaims({...realm, sub: 'root'})))}.${signature}`;
    }, 'signature_invalid'],
    'a lifetime above the maximum': [() => good({exp: now() + 7200}), 'token_lifetime_too_long'],
    'no iat where there is a maximum lifetime': [() => good({iat: undefined}), 'claim_missing'],
    'a missing required claim': [() => good({jti: undefined}), 'claim_missing'],
    'a claim of another value': [() => good({realm: {name: 'other'}}), 'claim_mismatch'],
    'a binding without its proof': [() => good({cnf: {jkt: 'x'}}), 'proof_missing'],
  };
  for (const [name, [token, reason]] of Object.entries(table)) {
    it(`${name}: ${reason}`, async (t) => {
      const text = await token();
      return assertRefused(scoped(t), standard, (path) => request('GET', path, [bearer(text)]), {status: 401, reason});
    });
  }
});

describe('a route\'s own checks: 403', () => {
  const full = {scope: 'orders:read orders:list', tenant: 'a'};
  const refused = (changes, reason) => async (t) => {
    const token = await good({...full, ...changes});
    return assertRefused(scoped(t), standard, (path) => request('GET', path, [bearer(token)]), {status: 403, reason, prefix: '/scoped'});
  };

  it('let a token with everything pass', async (t) => {
    const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/scoped', [bearer(await good(full))]));
    assert.equal(response.status, 200, response.text);
  });
  it('a missing claim', refused({tenant: undefined}, 'claim_missing'));
  it('a claim of another value', refused({tenant: 'c'}, 'claim_mismatch'));
  it('a missing scope, which the challenge names', async (t) => {
    const {response} = await refused({scope: 'orders:read'}, 'scope_insufficient')(t);
    assert.match(response.get('www-authenticate'), /scope="orders:read orders:list"/);
  });
  it('scp as an array counts as scopes', async (t) => {
    const token = await good({scope: undefined, tenant: 'b', scp: ['orders:list', 'orders:read']});
    assert.equal((await exchange(scoped(t), standard.gateway.port, request('GET', '/scoped', [bearer(token)]))).response.status, 200);
  });
});

describe('other refusals', () => {
  it('no token: 401 with a bare challenge', (t) => assertRefused(scoped(t), standard, (path) => request('GET', path), {status: 401, reason: 'token_missing'}));

  it('another scheme is no token', (t) => assertRefused(scoped(t), standard, (path) => request('GET', path, {Authorization: 'Basic YTpi'}), {status: 401, reason: 'token_missing'}));

  it('a claim that is not mapped may hold what no header can carry', async (t) => {
    for (const note of ['a\r\nX-Admin: 1', 'a\nb', 'a\0b']) {
      const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', [bearer(await good({note}))]));
      assert.equal(response.status, 200, response.text);
    }
  });

  it('are the same bytes for the same cause', async (t) => {
    const scope = scoped(t);
    const bodies = new Set();
    for (let i = 0; i < 3; ++i) {
      const {response} = await exchange(scope, standard.gateway.port, request('GET', '/orders', [bearer(await good({exp: 1000 + i, iat: 1}))]));
      bodies.add(response.text + response.get('www-authenticate'));
    }
    assert.equal(bodies.size, 1);
  });

  it('Bearer counts without case', async (t) => {
    const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', {Authorization: `bEaReR ${await good()}`}));
    assert.equal(response.status, 200);
  });

  // A gateway that is lenient with heads, and not with tokens.
  const startPunctual = (scope) => startStandard(scope, ({endpoint, jwksFile}) => standardConfig({
    endpoint, timeouts: {head: '1m'}, providers: {shop: {issuer, audiences: [audience], jwks_file: jwksFile, leeway: '0s'}},
  }));

  it('a token expires while its head is still arriving', async (t) => {
    const scope = scoped(t);
    const {gateway, key, upstream} = await startPunctual(scope);
    const exp = now() + 2;
    const head = request('GET', '/orders/late', [bearer(await mint(key, {exp}))]);
    const client = await connect(scope, gateway.port);
    client.send(head.slice(0, -2));
    await eventually('the token has expired', () => Date.now() / 1000 > exp);
    client.send(head.slice(-2));
    assertErrorReply(await client.response(), {status: 401, reason: 'token_expired'});
    assert.equal(upstream.bytes, '');
    assert.ok(Date.parse((await gateway.lineOf('/orders/late')).time) / 1000 >= exp);
  });

  it('a token expires in the cache as well', async (t) => {
    const scope = scoped(t);
    const {gateway, key} = await startPunctual(scope);
    const token = await mint(key, {exp: now() + 2});
    const client = await connect(scope, gateway.port);
    const statuses = [];
    await eventually('the token expires', async () => {
      client.send(request('GET', '/orders', [bearer(token)]));
      statuses.push((await client.response()).status);
      return statuses.at(-1) === 401;
    });
    assert.equal(statuses[0], 200);
  });
});
