// Verified claims as headers, and that nobody but the gateway can set them.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {valuesOf} from './harness/field_names.mjs';
import {exchange} from './harness/raw_client.mjs';
import {bearer, chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {mint} from './harness/tokens.mjs';

const route = (name, claimHeaders, more = {}) => ({
  name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['shop']}, claim_headers: claimHeaders, ...more,
});
const claims = {
  realm_access: {roles: ['admin', 'buyer']}, 'https://x.example/roles': ['literal'], email_verified: true, level: 3, ratio: 1.5,
  address: {city: 'Seoul'}, 'a.b': {'c.d': 'dotted'}, empty: [],
};

const suiteScope = scoped();
let gateway, upstream, key;
before(async () => ({gateway, upstream, key} = await startStandard(suiteScope, {
  routes: [
    route('formats', [
      {claim: 'realm_access.roles', header: 'X-Csv', format: 'csv'},
      {claim: 'realm_access.roles', header: 'X-Space', format: 'space'},
      {claim: 'realm_access.roles', header: 'X-Json', format: 'json'},
      {claim: 'realm_access.roles', header: 'X-Base64', format: 'base64json'},
      {claim: 'realm_access.roles', header: 'X-Repeated', format: 'repeated'},
      {claim: 'realm_access.roles', header: 'X-Default-Array'},
      {claim: 'address', header: 'X-Default-Object'},
      {claim: 'email_verified', header: 'X-Boolean'},
      {claim: 'level', header: 'X-Number'},
      {claim: 'ratio', header: 'X-Fraction'},
      {claim: 'https://x.example/roles', header: 'X-Literal', format: 'csv'},
      {claim: ['a.b', 'c.d'], header: 'X-Segments'},
      {claim: 'nothing.there', header: 'X-Absent'},
      {claim: '*', header: 'X-Payload', format: 'base64json'},
    ]),
    route('mapped', {sub: 'X-User-Id', 'realm_access.roles': {header: 'X-Roles', format: 'csv'}}),
    route('name', {name: 'X-Name'}),
    route('big', {blob: 'X-Blob'}),
  ],
})));

const send = async (t, target, fields = [], changes = {}) => {
  const token = await mint(key, {...claims, ...changes});
  const {response} = await exchange(scoped(t), gateway.port, request('GET', target, [bearer(token), ...fields]));
  return {response, got: upstream.last};
};

describe('formats', () => {
  it('write each claim as configured', async (t) => {
    const {got} = await send(t, '/formats');
    assert.equal(got.get('x-csv'), 'admin,buyer');
    assert.equal(got.get('x-space'), 'admin buyer');
    assert.deepEqual(JSON.parse(got.get('x-json')), ['admin', 'buyer']);
    assert.deepEqual(JSON.parse(Buffer.from(got.get('x-base64'), 'base64')), ['admin', 'buyer']);
    assert.deepEqual(got.all('x-repeated'), ['admin', 'buyer']);
    assert.equal(got.get('x-default-array'), 'admin,buyer');
    assert.deepEqual(JSON.parse(got.get('x-default-object')), {city: 'Seoul'});
    assert.equal(got.get('x-boolean'), 'true');
    assert.equal(got.get('x-number'), '3');
    assert.equal(got.get('x-fraction'), '1.5');
    assert.equal(got.get('x-literal'), 'literal');
    assert.equal(got.get('x-segments'), 'dotted');
    assert.equal(got.get('x-absent'), undefined);
    const payload = JSON.parse(Buffer.from(got.get('x-payload'), 'base64'));
    assert.equal(payload.sub, 'alice');
    assert.deepEqual(payload.realm_access, claims.realm_access);
  });

  it('never write raw non-ASCII bytes, nor break the head', async (t) => {
    for (const name of ['Zoë', '김철수', '\u202eevil', '100 %']) {
      const {response, got} = await send(t, '/name', [], {name});
      assert.equal(response.status, 200);
      assert.match(got.get('x-name'), /^[\x20-\x7e]+$/);
      assert.equal(decodeURIComponent(got.get('x-name')), name);
    }
  });

  it('never carry half of a surrogate pair: the token is malformed', async (t) => {
    const {response} = await send(t, '/name', [], {name: '\ud800'});
    assert.equal(response.status, 401);
    assert.equal(response.json.reason, 'token_malformed');
  });

  it('keep to the size cap: 401 claim_unusable above it', async (t) => {
    const scope = scoped(t);
    const small = await startStandard(scope, {limits: {claim_header_bytes: 256}, routes: [route('big', {blob: 'X-Blob'})]});
    const status = async (length) => {
      const token = await mint(small.key, {blob: 'b'.repeat(length)});
      return (await exchange(scope, small.gateway.port, request('GET', '/big', [bearer(token)]))).response;
    };
    assert.equal((await status(100)).status, 200);
    const refused = await status(300);
    assert.equal(refused.status, 401);
    assert.equal(refused.json.reason, 'claim_unusable');
  });
});

describe('the client\'s own copies', () => {
  const spellings = ['X-User-Id', 'x-user-id', 'X_User_Id', 'X-USER_ID', 'x_uSeR-iD', 'X.User.Id', 'X~User_Id', "X'USER+id"];
  const onlyOurs = (got, name, value) => {
    assert.deepEqual(valuesOf(got.fields, name), value === undefined ? [] : [value]);
    assert.doesNotMatch(got.headBytes.toString('latin1'), /mallory/);
  };

  for (const spelling of spellings) {
    it(`spelled ${spelling} never arrive`, async (t) => {
      onlyOurs((await send(t, '/mapped', [`${spelling}: mallory`])).got, 'x-user-id', 'alice');
    });
    it(`spelled ${spelling} never arrive on a public route`, async (t) => {
      await exchange(scoped(t), gateway.port, request('GET', '/open', [`${spelling}: mallory`]));
      onlyOurs(upstream.last, 'x-user-id', undefined);
    });
  }

  it('never arrive where another route injects the name', async (t) => {
    onlyOurs((await send(t, '/name', ['X-Roles: root', 'X-User-Id: mallory'])).got, 'x-roles', undefined);
    onlyOurs(upstream.last, 'x-user-id', undefined);
  });

  it('never arrive, three of them, behind many other fields', async (t) => {
    const filler = Array.from({length: 90}, (_, i) => `X-Filler-${i}: f`);
    onlyOurs((await send(t, '/mapped', [...filler, 'X-User-Id: mallory', 'X_User_Id: mallory-2', 'x.user.id: mallory-3'])).got, 'x-user-id', 'alice');
  });

  it('never arrive as a trailer', async (t) => {
    const token = await mint(key);
    const bytes = request('POST', '/mapped', [bearer(token), 'Transfer-Encoding: chunked'], chunks(['x'], ['X-User-Id: mallory', 'X-Roles: root']));
    await exchange(scoped(t), gateway.port, bytes);
    onlyOurs(upstream.last, 'x-user-id', 'alice');
    assert.doesNotMatch(upstream.bytes, /mallory|root/);
  });

  it('named by Connection do not take the injected one away', async (t) => {
    onlyOurs((await send(t, '/mapped', ['Connection: X-User-Id, x_user_id', 'X-User-Id: mallory'])).got, 'x-user-id', 'alice');
  });

  it('are counted', async (t) => {
    const before = await gateway.metric('postern_spoofed_headers_removed_total');
    await send(t, '/mapped', ['X-User-Id: a', 'X_Roles: b']);
    assert.equal(await gateway.metric('postern_spoofed_headers_removed_total'), before + 2);
  });

  it('do not arrive when the claim is missing', async (t) => {
    onlyOurs((await send(t, '/mapped', ['X-User-Id: mallory'], {sub: undefined})).got, 'x-user-id', undefined);
  });
});
