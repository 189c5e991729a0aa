// What attackers of the token service try, beside forging tokens.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {connect} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {cookies, cookiesOf, tokensOf} from './harness/session_cookies.mjs';
import {assertRefusal, issuer, passwordOf, queryStore, startTokenService} from './harness/token_service.mjs';
import {now} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();
let service;
before(async () => { service = await startTokenService(suiteScope, {users: {alice: [], bob: []}}); });

async function revoke(own, revocation) {
  const {status, text} = await own.gateway.admin('/revocations', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, ...revocation}),
  });
  assert.equal(status, 200, text);
}

const rows = async (own = service) => (await queryStore(own.stateFile, 'SELECT count(*) FROM revocations'))[0][0];

describe('a token of a session that is over', () => {
  it('makes nothing more of the store, however often it is sent', async () => {
    const session = await service.login();
    await service.logout({refresh_token: session.refresh_token});
    const before = await rows();
    for (let i = 0; i < 10; ++i) {
      await service.logout({refresh_token: session.refresh_token});
      assert.equal((await service.post('/auth/revoke', new URLSearchParams({token: session.refresh_token}))).status, 200);
    }
    assert.equal(await rows(), before);
  });

  it('ends none of the user\'s other sessions', async () => {
    const [over, other] = [await service.login(), await service.login()];
    await service.logout({refresh_token: over.refresh_token});
    assertRefusal(await service.tryLogout({refresh_token: over.refresh_token, all: true}), 401, 'refresh_token_invalid');
    await service.assertAlive(other);
  });

  it('takes a browser\'s cookies away, at refresh and at logout', async (t) => {
    const own = await startTokenService(scoped(t), {like: service, service: {deliver: 'cookies', cookies: {}}});
    const session = tokensOf(await own.tryLogin());
    await own.logout(undefined, [cookies(session)]);
    const refused = await own.post('/auth/refresh', undefined, [cookies(session)]);
    assertRefusal(refused, 401, 'token_revoked');
    // The refresh token says whose session it is, be it over.
    for (const response of [refused, await own.logout(undefined, [cookies(session)])]) {
      assert.deepEqual(Object.values(cookiesOf(response)).map(({value}) => value), ['', '']);
    }
  });
});

it('tokens of two sessions end neither', async () => {
  const [one, other] = [await service.login(), await service.login()];
  const response = await service.tryLogout({refresh_token: one.refresh_token}, [bearer(other.access_token)]);
  assertRefusal(response, 401, 'claim_mismatch');
  await service.assertAlive(one);
  await service.assertAlive(other);
});

it('no route of a host takes what is sent to the endpoints', async (t) => {
  const own = await startTokenService(scoped(t), {like: service, routes: [
    {name: 'host', match: {host: 'shop.example.com'}, upstream: 'orders', public: true},
    {name: 'wildcard', match: {host: '*.example.org', path_prefix: '/auth'}, upstream: 'orders', public: true},
  ]});
  for (const host of ['shop.example.com', 'a.example.org', 'elsewhere.example']) {
    own.upstream.forget();
    const client = await connect(suiteScope, own.gateway.port);
    const body = JSON.stringify({username: 'alice', password: passwordOf('alice')});
    client.send(`POST /auth/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.equal((await client.response()).status, 200);
    assert.equal(own.upstream.requests.length, 0);
  }
});

describe('behind a trusted proxy', () => {
  const wrong = 'a password that nobody has';
  const from = (address) => [['X-Forwarded-For', address]];
  const limits = {login_limits: {user_and_address: 'off', address: 2, user: 'off', window: '5m'}};

  it('wrong passwords count for the address that the proxy names, not for the proxy', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: []}, service: limits, trusted_proxies: ['127.0.0.0/8']});
    for (let i = 0; i < 2; ++i) assertRefusal(await own.tryLogin('alice', wrong, from('192.0.2.1')), 401, 'credentials_invalid');
    assertRefusal(await own.tryLogin('alice', undefined, from('192.0.2.1')), 429, 'rate_limited');
    assertRefusal(await own.tryLogin('alice', undefined, from('203.0.113.9, 192.0.2.1')), 429, 'rate_limited');
    assert.equal((await own.tryLogin('alice', undefined, from('192.0.2.2'))).status, 200);
  });

  it('no other peer says whom its passwords count for', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: []}, service: limits});
    for (const address of ['192.0.2.1', '192.0.2.2']) assertRefusal(await own.tryLogin('alice', wrong, from(address)), 401, 'credentials_invalid');
    assertRefusal(await own.tryLogin('alice', undefined, from('192.0.2.3')), 429, 'rate_limited');
  });
});

describe('what a person revokes', () => {
  it('of a whole issuer ends its sessions too, and a login afterwards is a good one', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: []}});
    const session = await own.login();
    await revoke(own, {issued_before: now() + 1});
    await own.assertOver(session);
    await eventually('a login is good again', async () => (await own.use((await own.login()).access_token)).status === 200);
  });

  it('of the signing key makes another one sign at once', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: []}});
    const session = await own.login();
    const {kid} = jose.decodeProtectedHeader(session.access_token);
    await revoke(own, {kid});
    assertErrorReply(await own.use(session.access_token), {status: 401, reason: 'token_revoked'});
    const next = await eventually('another key', async () => {
      const answer = await own.tryLogin();
      if (answer.status !== 200) assertRefusal(answer, 503, 'keys_unavailable');
      return answer.status === 200 && answer.json;
    });
    assert.notEqual(jose.decodeProtectedHeader(next.access_token).kid, kid);
    await own.assertAccepted(next.access_token);
    const published = (await own.get('/auth/jwks.json')).json.keys.map((key) => key.kid);
    assert.ok(!published.includes(kid));
    await own.refresh(session.refresh_token); // the session was not stolen
  });

  it('of a subject keeps it out', async (t) => {
    const own = await startTokenService(scoped(t), {users: {alice: [], bob: []}});
    await revoke(own, {sub: 'alice'});
    assertRefusal(await own.tryLogin('alice'), 401, 'credentials_invalid');
    await own.assertAccepted((await own.login('bob')).access_token);
  });
});

it('an upload whose session ends is cut off', async () => {
  const session = await service.login('bob');
  const client = await connect(suiteScope, service.gateway.port);
  client.send(request('POST', '/orders', [bearer(session.access_token), ['Content-Length', '100']]) + '0123456789');
  await eventually('the upload has begun', () => service.upstream.bytes.includes('0123456789'));
  await service.logout({refresh_token: session.refresh_token});
  assertErrorReply(await client.response(), {status: 401, reason: 'token_revoked'});
  await client.ended();
});

it('a body that comes late does not make its token younger', async (t) => {
  const own = await startTokenService(scoped(t), {users: {alice: []}, service: {reuse_grace: '1s'}});
  const session = await own.login();
  const body = JSON.stringify({refresh_token: session.refresh_token});
  const client = await connect(suiteScope, own.gateway.port);
  const late = request('POST', '/auth/refresh', [['Content-Type', 'application/json'], ['Content-Length', `${body.length}`]]);
  client.send(late);
  const next = await own.refresh(session.refresh_token);
  await eventually('the grace is over', () => Date.now() > next.at + 1000);
  client.send(body);
  assertRefusal(await client.response(), 401, 'refresh_token_invalid');
});
