// Tokens that must be refused: each reason code, and the attacks that are known.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import net from 'node:net';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {connect, exchange} from './harness/raw_client.mjs';
import {assertRefused} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {audience, base64url, goodClaims, issuer, jwks, makeKey, mint, mintedTokens, now, signRaw, withOtherSignature} from './harness/tokens.mjs';

const suiteScope = scoped();
const keys = {};
let standard;

const providerRules = (jwksFile) => ({
  shop: {
    issuer, audiences: [audience], jwks_file: jwksFile, max_lifetime: '1h', required_claims: ['jti'],
    claims: [{claim: 'realm.name', equals: 'shop'}],
  },
});
const routes = [
  {
    name: 'scoped', match: {path_prefix: '/scoped'}, upstream: 'orders',
    jwt: {providers: ['shop'], scopes: ['orders:read', 'orders:list'], required_claims: ['tenant'], claims: [{claim: 'tenant', one_of: ['a', 'b']}]},
  },
  {name: 'mapped', match: {path_prefix: '/mapped'}, upstream: 'orders', jwt: {providers: ['shop']}, claim_headers: {note: 'X-Note'}},
];

before(async () => {
  keys.other = await makeKey('ES256');
  keys.encryption = await makeKey('RS256', {kid: 'enc'});
  keys.encryption.jwk.use = 'enc';
  keys.psOnly = await makeKey('PS256', {kid: 'ps'});
  const twins = [await makeKey('RS256', {kid: 'twin'}), await makeKey('RS256', {kid: 'twin'})];
  [keys.twin] = twins;
  keys.small = await makeKey('RS256', {kid: 'small', modulusLength: 2048});
  standard = await startStandard(suiteScope, ({endpoint, jwksFile}) => {
    return {
      listeners: [{address: '127.0.0.1:0'}], admin: {address: '127.0.0.1:0'}, workers: 1,
      providers: providerRules(jwksFile),
      upstreams: {orders: {endpoints: [endpoint]}},
      routes: [
        {name: 'orders', match: {path_prefix: '/orders'}, upstream: 'orders', jwt: {providers: ['shop']}},
        {name: 'open', match: {path_prefix: '/open'}, upstream: 'orders', public: true},
        ...routes,
      ],
    };
  });
  keys.rs = standard.key;
  // The set is read at the start and at a reload.
  const {writeFileSync} = await import('node:fs');
  writeFileSync(`${suiteScope.directory}/jwks.json`, JSON.stringify(jwks(keys.rs, keys.encryption, keys.psOnly, ...twins)));
  assert.equal((await standard.gateway.admin('/reload', {method: 'POST'})).status, 200);
});

const realm = {realm: {name: 'shop'}};
const good = (changes = {}, header = {}, key = keys.rs) => mint(key, {...realm, ...changes}, header);
const refusedWith = (token, expected) => async (t) => {
  const text = typeof token === 'function' ? await token() : token;
  return assertRefused(scoped(t), standard, (path) => request('GET', path, [bearer(text)]), expected);
};

it('a good token is accepted', async (t) => {
  const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', [bearer(await good())]));
  assert.equal(response.status, 200, response.text);
});

describe('a provider\'s checks: 401', () => {
  // name: [token, reason]
  const table = {
    'one part': ['abc', 'token_malformed'],
    'two parts': ['abc.def', 'token_malformed'],
    'four parts': [async () => `${await good()}.x`, 'token_malformed'],
    'six parts': ['a.b.c.d.e.f', 'token_malformed'],
    'eight thousand dots': ['.'.repeat(8000), 'token_malformed'],
    'an empty signature': [async () => `${(await good()).split('.').slice(0, 2).join('.')}.`, 'token_malformed'],
    'the JSON serialisation': ['{"signatures":[]}', 'token_malformed'],
    'padding': [async () => `${await good()}=`, 'token_malformed'],
    'the other base64 alphabet': [async () => (await good()).replace(/\.[^.]*$/, '.+/+/+/+/'), 'token_malformed'],
    'a question mark': [async () => `${await good()}?`, 'token_malformed'],
    'non-zero trailing bits': [() => `${base64url('{}').slice(0, -1)}1.e30.AAAA`, 'token_malformed'],
    'a header that is no JSON': [() => signRaw(keys.rs, 'nonsense', '{}'), 'token_malformed'],
    'a header that is an array': [() => signRaw(keys.rs, '["RS256"]', '{}'), 'token_malformed'],
    'a payload that is no object': [() => signRaw(keys.rs, {alg: 'RS256'}, '"text"'), 'token_malformed'],
    'sub twice': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid}, `{"sub":"a","sub":"b","iss":"${issuer}"}`), 'token_malformed'],
    'alg twice': [() => signRaw(keys.rs, '{"alg":"RS256","alg":"none"}', '{}'), 'token_malformed'],
    'bytes after the JSON': [() => signRaw(keys.rs, {alg: 'RS256'}, '{}x'), 'token_malformed'],
    'NUL after the JSON': [() => signRaw(keys.rs, {alg: 'RS256'}, '{}\0'), 'token_malformed'],
    'a byte-order mark': [() => signRaw(keys.rs, {alg: 'RS256'}, '\ufeff{}'), 'token_malformed'],
    'invalid UTF-8': [() => signRaw(keys.rs, {alg: 'RS256'}, Buffer.from('{"a":"\xff"}', 'latin1')), 'token_malformed'],
    'nesting of a thousand': [() => signRaw(keys.rs, {alg: 'RS256'}, `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`), 'token_malformed'],
    'a number that broke a parser': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid}, '{"exp":0.000000000000000000001e-2147483639}'), undefined],
    'no alg': [() => signRaw(keys.rs, {typ: 'JWT'}, '{}'), 'token_malformed'],
    'a number as alg': [() => signRaw(keys.rs, {alg: 5}, '{}'), 'token_malformed'],
    'null as alg': [() => signRaw(keys.rs, {alg: null}, '{}'), 'token_malformed'],
    'a number as kid': [() => good({}, {kid: undefined}).then(() => signRaw(keys.rs, {alg: 'RS256', kid: 7}, goodClaims(realm))), 'token_malformed'],
    'alg none': [() => `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(goodClaims()))}.AAAA`, 'algorithm_not_allowed'],
    'alg nOnE': [() => `${base64url('{"alg":"nOnE"}')}.${base64url(JSON.stringify(goodClaims()))}.AAAA`, 'algorithm_not_allowed'],
    'alg rs256 in lower case': [() => signRaw(keys.rs, {alg: 'rs256', kid: keys.rs.kid}, goodClaims(realm)), 'algorithm_not_allowed'],
    'HS256 keyed with the public key': [() => {
      const input = `${base64url(JSON.stringify({alg: 'HS256', kid: keys.rs.kid}))}.${base64url(JSON.stringify(goodClaims(realm)))}`;
      return `${input}.${createHmac('sha256', keys.rs.spki).update(input).digest('base64url')}`;
    }, 'algorithm_not_allowed'],
    'HS256 with an empty key': [() => {
      const input = `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify(goodClaims(realm)))}`;
      return `${input}.${createHmac('sha256', '').update(input).digest('base64url')}`;
    }, 'algorithm_not_allowed'],
    'another issuer': [() => good({iss: 'https://evil.example'}), 'issuer_unknown'],
    'the issuer with a slash': [() => good({iss: `${issuer}/`}), 'issuer_unknown'],
    'the issuer with a suffix': [() => good({iss: `${issuer}.evil.example`}), 'issuer_unknown'],
    'the issuer in capitals': [() => good({iss: issuer.toUpperCase()}), 'issuer_unknown'],
    'no issuer': [() => good({iss: undefined}), 'issuer_unknown'],
    'a number as issuer': [() => good({iss: 5}), undefined],
    'an unknown kid': [() => good({}, {kid: 'unknown'}), 'key_unknown'],
    'a path as kid': [() => good({}, {kid: '../../../../dev/null'}), 'key_unknown'],
    'NUL in kid': [() => good({}, {kid: 'a\0b'}), 'key_unknown'],
    'a kid of two different keys': [() => good({}, {}, keys.twin), 'key_unknown'],
    'a key for encryption': [() => good({}, {}, keys.encryption), 'key_unknown'],
    'RS256 with a PS256 key': [() => signRaw(keys.psOnly, {alg: 'RS256', kid: 'ps'}, goodClaims(realm)), 'key_unknown'],
    'ES256 with the kid of an RSA key': [() => good({}, {kid: keys.rs.kid}, keys.other), 'key_unknown'],
    'another signature': [async () => withOtherSignature(await good()), 'signature_invalid'],
    'a payload that was exchanged': [async () => {
      const [header, , signature] = (await good()).split('.');
      return `${header}.${base64url(JSON.stringify(goodClaims({...realm, sub: 'root'})))}.${signature}`;
    }, 'signature_invalid'],
    'its own key in jwk': [async () => good({}, {kid: keys.rs.kid, jwk: keys.small.jwk}, keys.small), 'signature_invalid'],
    'its own certificate in x5c': [() => good({}, {kid: keys.rs.kid, x5c: ['MIIB']}, keys.small), 'signature_invalid'],
    'an unknown crit': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid, crit: ['x'], x: 1}, goodClaims(realm)), 'token_malformed'],
    'an empty crit': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid, crit: []}, goodClaims(realm)), 'token_malformed'],
    'a crit that is no array': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid, crit: 'exp'}, goodClaims(realm)), 'token_malformed'],
    'b64 false': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid, b64: false, crit: ['b64']}, goodClaims(realm)), 'token_malformed'],
    'an expiry in the past': [() => good({exp: now() - 120, iat: now() - 300}), 'token_expired'],
    'an expiry of -1': [() => good({exp: -1}), undefined],
    'an expiry that is a string': [() => good({exp: `${now() + 300}`}), undefined],
    'an expiry that is null': [() => good({exp: null}), undefined],
    'an expiry of 1e400': [() => signRaw(keys.rs, {alg: 'RS256', kid: keys.rs.kid}, JSON.stringify(goodClaims({...realm, exp: 0})).replace('"exp":0', '"exp":1e400')), undefined],
    'no expiry': [() => good({exp: undefined}), 'claim_missing'],
    'nbf ahead': [() => good({nbf: now() + 120}), 'token_not_yet_valid'],
    'iat ahead': [() => good({iat: now() + 120, exp: now() + 300}), 'token_not_yet_valid'],
    'a lifetime above the maximum': [() => good({exp: now() + 7200}), 'token_lifetime_too_long'],
    'no iat where there is a maximum lifetime': [() => good({iat: undefined}), 'claim_missing'],
    'another audience': [() => good({aud: 'billing'}), 'audience_mismatch'],
    'a longer audience': [() => good({aud: `${audience}-admin`}), 'audience_mismatch'],
    'a part of the audience': [() => good({aud: audience.slice(0, -1)}), 'audience_mismatch'],
    'a number as audience': [() => good({aud: 5}), undefined],
    'no audience': [() => good({aud: undefined}), 'audience_mismatch'],
    'typ of an ID token': [() => good({}, {typ: 'ID+jwt'}), 'type_mismatch'],
    'a payload of type Refresh': [() => good({typ: 'Refresh'}), 'type_mismatch'],
    'a payload of type ID': [() => good({typ: 'ID'}), 'type_mismatch'],
    'token_use id': [() => good({token_use: 'id'}), 'type_mismatch'],
    'a missing required claim': [() => good({jti: undefined}), 'claim_missing'],
    'a claim of another value': [() => good({realm: {name: 'other'}}), 'claim_mismatch'],
    'a binding without its proof': [() => good({cnf: {jkt: 'x'}}), 'proof_missing'],
  };
  for (const [name, [token, reason]] of Object.entries(table)) {
    it(`${name}${reason ? `: ${reason}` : ''}`, async (t) => {
      if (reason) return refusedWith(token, {status: 401, reason})(t);
      // The text leaves the code open; the refusal is not.
      standard.upstream.forget();
      const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', [bearer(await token())]));
      assert.equal(response.status, 401);
      assert.equal(standard.upstream.bytes, '');
    });
  }

  it('ES256 with r = s = 0, as DER, and over-long', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {keys: [keys.other]});
    const [header, payload, signature] = (await mint(keys.other)).split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const zero = Buffer.alloc(64);
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    const integer = (part) => Buffer.concat([Buffer.from([2, part[0] & 0x80 ? 33 : 32]), part[0] & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), part]);
    const sequence = Buffer.concat([integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))]);
    const der = Buffer.concat([Buffer.from([0x30, sequence.length]), sequence]);
    const signatures = [zero, Buffer.concat([order, bytes.subarray(32)]), Buffer.concat([bytes.subarray(0, 32), order]), der, Buffer.concat([bytes, Buffer.alloc(1)])];
    for (const each of signatures) {
      const {response} = await exchange(scope, gateway.port, request('GET', '/orders', [bearer(`${header}.${payload}.${base64url(each)}`)]));
      assert.equal(response.status, 401);
      assert.equal(response.json.reason, 'signature_invalid');
    }
    assert.equal(upstream.bytes, '');
  });

  it('a JWE where a JWS is wanted', async (t) => {
    const token = await new jose.CompactEncrypt(new TextEncoder().encode('{}')).setProtectedHeader({alg: 'RSA-OAEP-256', enc: 'A256GCM'}).encrypt(keys.rs.publicKey);
    mintedTokens.add(token);
    const scope = scoped(t);
    const {response} = await exchange(scope, standard.gateway.port, request('GET', '/orders', [bearer(token)]));
    assert.equal(response.status, 401);
  });

  it('jku and x5u, and nobody connects to them', async (t) => {
    const scope = scoped(t);
    let connections = 0;
    const server = net.createServer((socket) => { ++connections; socket.destroy(); });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    scope.onClose(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${server.address().port}/keys`;
    const token = await good({}, {kid: 'theirs', jku: url, x5u: url}, keys.small);
    await assertRefused(scope, standard, (path) => request('GET', path, [bearer(token)]), {status: 401, reason: 'key_unknown'});
    assert.equal(connections, 0);
  });

  it('an audience among ten thousand, sent as often as it may be', async (t) => {
    const token = await good({aud: Array.from({length: 10_000}, (_, i) => `a${i}`)});
    const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', [bearer(token)]));
    assert.equal(response.status, 431);
  });
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

  it('two Authorization fields: 400', async (t) => {
    const token = await good();
    await assertRefused(scoped(t), standard, (path) => request('GET', path, [bearer(token), bearer(token)]), {status: 400, reason: 'token_multiple'});
  });

  it('two tokens in one field', async (t) => {
    const token = await good();
    const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', {Authorization: `Bearer ${token}, Bearer ${token}`}));
    assert.equal(response.status, 400);
    assert.equal(response.json.reason, 'token_multiple');
  });

  it('a token of 8 KiB is judged, one byte more is 431 token_too_large', async (t) => {
    const padded = async (length) => {
      let token = await good({pad: ''});
      for (let pad = Math.floor((length - token.length) * 0.75) - 4; token.length < length; ++pad) token = await good({pad: 'p'.repeat(pad)});
      return token;
    };
    const exact = await padded(8192);
    const scope = scoped(t);
    if (exact.length === 8192) {
      assert.equal((await exchange(scope, standard.gateway.port, request('GET', '/orders', [bearer(exact)]))).response.status, 200);
    }
    const atLimit = 'a'.repeat(8192);
    assert.equal((await exchange(scope, standard.gateway.port, request('GET', '/orders', [bearer(atLimit)]))).response.json.reason, 'token_malformed');
    await assertRefused(scope, standard, (path) => request('GET', path, [bearer(`${atLimit}a`)]), {status: 431, reason: 'token_too_large'});
  });

  it('a mapped claim that a header cannot carry: claim_unusable; unmapped it may hold anything', async (t) => {
    const scope = scoped(t);
    for (const note of ['a\r\nX-Admin: 1', 'a\nb', 'a\0b']) {
      const token = await good({note});
      await assertRefused(scope, standard, (path) => request('GET', path, [bearer(token)]), {status: 401, reason: 'claim_unusable', prefix: '/mapped'});
      assert.equal((await exchange(scope, standard.gateway.port, request('GET', '/orders', [bearer(token)]))).response.status, 200);
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

  it('keep the connection, and the next request with a good token passes', async (t) => {
    const client = await connect(scoped(t), standard.gateway.port);
    client.send(request('GET', '/orders'));
    assert.equal((await client.response()).status, 401);
    client.send(request('GET', '/orders', [bearer(await good())]));
    assert.equal((await client.response()).status, 200);
  });

  it('Bearer counts without case', async (t) => {
    const {response} = await exchange(scoped(t), standard.gateway.port, request('GET', '/orders', {Authorization: `bEaReR ${await good()}`}));
    assert.equal(response.status, 200);
  });

  it('a token expires in the cache as well', async (t) => {
    const scope = scoped(t);
    const {gateway, key} = await startStandard(scope, ({endpoint, jwksFile}) => ({
      listeners: [{address: '127.0.0.1:0'}], admin: {address: '127.0.0.1:0'}, workers: 1,
      providers: {shop: {issuer, audiences: [audience], jwks_file: jwksFile, leeway: '0s'}},
      upstreams: {orders: {endpoints: [endpoint]}},
      routes: [{name: 'orders', match: {path_prefix: '/orders'}, upstream: 'orders', jwt: {providers: ['shop']}}],
    }));
    const token = await mint(key, {exp: now() + 2});
    const client = await connect(scope, gateway.port);
    const statuses = [];
    const {eventually} = await import('./harness/waiting.mjs');
    await eventually('the token expires', async () => {
      client.send(request('GET', '/orders', [bearer(token)]));
      statuses.push((await client.response()).status);
      return statuses.at(-1) === 401;
    });
    assert.equal(statuses[0], 200);
  });
});
