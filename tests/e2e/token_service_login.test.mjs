// Login: what the token service answers to credentials, and what its access tokens are worth.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {exchange} from './harness/raw_client.mjs';
import {bearer, chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {assertRefusal, audience, changeUsers, issuer, passwordOf, startTokenService} from './harness/token_service.mjs';
import {now} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();
let service;
before(async () => {
  service = await startTokenService(suiteScope, {
    users: {alice: ['role=admin', 'email=alice@example.com'], bob: []},
    env: {POSTERN_LOG_LEVEL: 'trace'},
  });
});

const credentials = {username: 'alice', password: passwordOf('alice')};
const form = (members) => new URLSearchParams(members);

describe('a login', () => {
  for (const [kind, body] of [['JSON', credentials], ['a form', form(credentials)]]) {
    it(`by ${kind} answers with RFC 6749's members and refresh_expires_in, for no cache to keep`, async () => {
      const response = await service.post('/auth/login', body);
      assert.equal(response.status, 200, response.text);
      assert.match(response.get('content-type'), /^application\/json/);
      assert.equal(response.get('cache-control'), 'no-store');
      assert.deepEqual(response.all('set-cookie'), []);
      const {access_token: access, refresh_token: refresh, ...rest} = response.json;
      assert.deepEqual(rest, {token_type: 'Bearer', expires_in: 900, refresh_expires_in: 432_000});
      assert.match(access, /^[\w-]+\.[\w-]+\.[\w-]+$/);
      assert.match(refresh, /^[\w-]{22}\.[\w-]{43}$/);
    });
  }

  it('twice gives two sessions', async () => {
    const [one, other] = [await service.login(), await service.login()];
    assert.notEqual(one.refresh_token, other.refresh_token);
    assert.notEqual(jose.decodeJwt(one.access_token).sid, jose.decodeJwt(other.access_token).sid);
  });

  it('gives an access token of RFC 9068, with access_claims alone of the user\'s record', async () => {
    const begin = now();
    const {access_token: token} = await service.login();
    const set = jose.createLocalJWKSet((await service.get('/auth/jwks.json')).json);
    const {payload, protectedHeader} = await jose.jwtVerify(token, set, {issuer, audience, typ: 'at+jwt', algorithms: ['ES256']});
    assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
    const {iat, exp, auth_time: authTime, jti, sid, ...rest} = payload;
    assert.deepEqual(rest, {iss: issuer, aud: audience, sub: 'alice', client_id: 'postern', role: 'admin'});
    assert.ok(iat >= begin && iat <= now(), `iat ${iat}`);
    assert.deepEqual([exp - iat, authTime], [900, iat]);
    assert.match(`${jti} ${sid}`, /^\S{16,} \S{16,}$/);
  });

  it('gives an access token that a guarded route accepts, and its claims reach the upstream', async () => {
    const {access_token: token} = await service.login();
    service.upstream.forget();
    await service.assertAccepted(token);
    assert.equal(service.upstream.last.get('x-user-id'), 'alice');
    assert.equal(service.upstream.last.get('x-role'), 'admin');
    assert.doesNotMatch(service.upstream.bytes, new RegExp(token.split('.')[2]));
  });

  it('leaves no password in any log, right or wrong', async () => {
    const wrong = 'a password that is not the one of alice';
    await service.tryLogin('alice', wrong);
    await service.login();
    await eventually('both log lines', () => service.gateway.lines.filter((line) => line.path === '/auth/login').length >= 2);
    for (const password of [wrong, credentials.password, encodeURIComponent(wrong)]) {
      assert.ok(!(service.gateway.running.stdout + service.gateway.stderr).includes(password));
    }
  });
});

describe('the JWKS', () => {
  it('is public, may be cached, and holds public members alone', async () => {
    const response = await service.get('/auth/jwks.json');
    assert.equal(response.status, 200);
    assert.match(response.get('content-type'), /^application\/(jwk-set\+)?json/);
    assert.match(response.get('cache-control'), /\bpublic\b.*max-age=[1-9]/);
    for (const key of response.json.keys) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });
});

describe('wrong credentials', () => {
  it('get the same bytes for a wrong password and for a name that nobody has', async () => {
    const answers = [await service.tryLogin('alice', passwordOf('bob')), await service.tryLogin('nobody', passwordOf('bob'))];
    answers.forEach((answer) => assertRefusal(answer, 401, 'credentials_invalid'));
    const [one, other] = answers.map((answer) => answer.headBytes.toString().replace(/^date:.*\r\n/im, '') + answer.text);
    assert.equal(one, other);
  });

  it('are another user\'s password, the right one in another case, and one with an end too many', async () => {
    for (const [name, password] of [
      ['bob', passwordOf('alice')], ['alice', passwordOf('alice').toUpperCase()], ['alice', `${passwordOf('alice')} `],
      ['Alice', passwordOf('alice')], ['alice', 'x'.repeat(1025)],
    ]) assertRefusal(await service.tryLogin(name, password), 401, 'credentials_invalid');
  });

  it('are those of a user who was removed since the start, and right are those of one who was added', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: [], bob: []}});
    await changeUsers('remove', own.usersFile, 'alice');
    await changeUsers('add', own.usersFile, 'carol', {password: passwordOf('carol')});
    assertRefusal(await own.tryLogin('alice'), 401, 'credentials_invalid');
    await own.login('bob');
    await own.login('carol');
  });
});

describe('a body', () => {
  const typed = (type) => (type ? [['Content-Type', type]] : []);
  const send = (type, text) => service.post('/auth/login', text, typed(type));
  const json = JSON.stringify(credentials);

  it('may name UTF-8, and its type in any case', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
      assert.equal((await send(type, json)).status, 200, type);
    }
  });

  const malformed = {
    'of another type': ['text/plain', json],
    'of no type': [undefined, json],
    'in another charset': ['application/json; charset=utf-16', json],
    'that is no JSON': ['application/json', '{"username": "alice"'],
    'that is an array': ['application/json', '["alice"]'],
    'with a number as password': ['application/json', '{"username":"alice","password":1}'],
    'with a name twice': ['application/json', '{"username":"alice","username":"alice","password":"x"}'],
    'that is empty': ['application/json', ''],
    'without a username': ['application/json', '{"password":"x"}'],
    'without a password': ['application/json', '{"username":"alice","password":null}'],
    'with a form\'s parameter twice': ['application/x-www-form-urlencoded', 'username=alice&password=x&password=x'],
    'with a broken percent-encoding': ['application/x-www-form-urlencoded', 'username=alice&password=%4'],
    'that is no UTF-8': ['application/x-www-form-urlencoded', 'username=alice&password=%ff'],
  };
  for (const [name, [type, text]] of Object.entries(malformed)) {
    it(`${name} is 400 request_malformed`, async () => assertRefusal(await send(type, text), 400, 'request_malformed'));
  }

  const padded = (size) => {
    const open = `${json.slice(0, -1)},"more":"`;
    return `${open}${'x'.repeat(size - open.length - 2)}"}`;
  };
  const chunked = (text) => request('POST', '/auth/login', ['Content-Type: application/json', 'Transfer-Encoding: chunked'], chunks([text]));
  it('of 16 KiB is read, one byte more is 413 body_too_large', async () => {
    assert.equal((await send('application/json', padded(16_384))).status, 200);
    assertRefusal(await send('application/json', padded(16_385)), 413, 'body_too_large');
  });
  it('of 16 KiB in chunks is read, one byte more is 413 body_too_large', async (t) => {
    const scope = scoped(t);
    assert.equal((await exchange(scope, service.gateway.port, chunked(padded(16_384)))).response.status, 200);
    assertRefusal((await exchange(scope, service.gateway.port, chunked(padded(16_385)))).response, 413, 'body_too_large');
  });
});

describe('the endpoints', () => {
  it('take POST alone, and the JWKS GET', async () => {
    for (const name of ['login', 'refresh', 'logout']) {
      const response = await service.get(`/auth/${name}`);
      assert.deepEqual([response.status, response.get('allow'), response.json.reason], [405, 'POST', 'method_not_allowed'], name);
    }
    const response = await service.post('/auth/jwks.json', {});
    assert.equal(response.status, 405);
    assert.match(response.get('allow'), /^GET\b/);
  });

  it('stand where `path` says, and nowhere else', async (t) => {
    const own = await startTokenService(scoped(t), {service: {path: '/session/v1'}});
    const answer = await own.post('/session/v1/login', credentials);
    assert.equal(answer.status, 200, answer.text);
    await own.assertAccepted(answer.json.access_token);
    assert.equal((await own.post('/auth/login', credentials)).status, 404);
    assert.equal((await service.get('/auth/other', [bearer('x')])).status, 404);
  });
});

describe('login_limits', () => {
  const off = {user_and_address: 'off', address: 'off', user: 'off'};
  const limited = (t, limits) => startTokenService(scoped(t), {
    users: {alice: [], bob: []}, service: {login_limits: {...off, window: '5m', ...limits}},
  });
  const wrong = 'a password that nobody has';
  const assertLimited = (response) => {
    assertRefusal(response, 429, 'rate_limited');
    assert.match(response.get('retry-after') ?? '', /^[1-9]\d*$/);
  };

  it('user_and_address: that many wrong passwords are told, then the right one is 429 too; other users may log in', async (t) => {
    const own = await limited(t, {user_and_address: 3});
    for (let i = 0; i < 3; ++i) assertRefusal(await own.tryLogin('alice', wrong), 401, 'credentials_invalid');
    assertLimited(await own.tryLogin());
    await own.login('bob');
  });

  it('address: wrong passwords of all users count', async (t) => {
    const own = await limited(t, {address: 3});
    for (const name of ['alice', 'bob', 'nobody']) assertRefusal(await own.tryLogin(name, wrong), 401, 'credentials_invalid');
    assertLimited(await own.tryLogin('bob'));
  });

  it('user: a name that nobody has is limited like any other', async (t) => {
    const own = await limited(t, {user: 2});
    for (let i = 0; i < 2; ++i) assertRefusal(await own.tryLogin('nobody', wrong), 401, 'credentials_invalid');
    assertLimited(await own.tryLogin('nobody', wrong));
    await own.login('alice');
  });

  it('user_and_address: a login forgets the user\'s own wrong passwords, and not those for a name in another case', async (t) => {
    const own = await startTokenService(scoped(t), {
      users: {alice: [], Alice: [], bob: [], Bob: []}, service: {login_limits: {...off, window: '5m', user_and_address: 3}},
    });
    const guess = async (name) => assertRefusal(await own.tryLogin(name, wrong), 401, 'credentials_invalid');
    for (const [name, other] of [['alice', 'Alice'], ['Bob', 'bob']]) {
      for (let i = 0; i < 2; ++i) await guess(name);
      await own.login(name);
      for (let i = 0; i < 3; ++i) {
        await guess(name);
        await own.login(other);
      }
      assertLimited(await own.tryLogin(name));
      await own.login(other);
    }
  });

  it('right passwords are not counted, whichever the limit', async (t) => {
    const own = await limited(t, {user_and_address: 3, address: 3, user: 3});
    for (let i = 0; i < 5; ++i) await own.login('alice');
  });

  it('are over with their window, which 429s do not prolong', async (t) => {
    const own = await limited(t, {user_and_address: 1, window: '2s'});
    assertRefusal(await own.tryLogin('alice', wrong), 401, 'credentials_invalid');
    const first = await own.tryLogin();
    assertLimited(first);
    assert.ok(Number(first.get('retry-after')) <= 2, first.get('retry-after'));
    await eventually('the window is over', async () => (await own.tryLogin()).status === 200);
  });
});
