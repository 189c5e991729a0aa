// Renewal of a browser's session while its request is under way: no page has to ask for it.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {assertOver, assertRenewed, guarded, okAnswer, sessionsOf, shortLived} from './harness/expired_sessions.mjs';
import {exchange} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {cookieField, cookies, cookiesOf, refreshName} from './harness/session_cookies.mjs';
import {changeUsers, clockPasses, queryStore, startTokenService} from './harness/token_service.mjs';
import {withOtherSignature} from './harness/tokens.mjs';

const suiteScope = scoped();
let service, login, expired, ask;
before(async () => {
  service = await startTokenService(suiteScope, {
    users: {alice: []},
    upstreamOptions: {answer: () => okAnswer},
    service: {...shortLived, reuse_grace: '2s'},
    routes: [
      guarded('orders'), guarded('header', {from: [{header: 'Authorization', prefix: 'Bearer'}]}), guarded('optional', {optional: true}),
      {...guarded('observed'), observe: true},
      {...guarded('edited'), response_headers: {
        remove: ['Set-Cookie'], set: {'Cache-Control': 'public, max-age=60', 'CDN-Cache-Control': 'max-age=60'}, add: {'Expires': 'never', 'X-Env': 'prod'},
      }},
    ],
  });
  const sessions = sessionsOf(service);
  ({login, expired, ask} = sessions);
  await sessions.stock(15);
});

describe('a request with an expired access cookie and a valid refresh cookie', () => {
  it('goes upstream with the claims, and its answer brings new cookies and may not be cached', async () => {
    const session = await expired();
    service.upstream.forget();
    const response = await ask(session);
    const next = assertRenewed(response, session);
    assert.equal(service.upstream.last.get('x-user-id'), 'alice');
    assert.equal(service.upstream.last.get('cookie'), undefined);
    const again = await ask(next);
    assert.equal(again.status, 200);
    assert.deepEqual(again.all('set-cookie'), []);
    assert.equal(again.get('cache-control'), 'public, max-age=60');
  });

  it('brings its cookies and their no-store through the route\'s edits of the response', async () => {
    const session = await expired();
    const response = await ask(session, {path: '/edited'});
    const next = assertRenewed(response, session);
    assert.deepEqual(response.all('cache-control'), ['no-store']);
    for (const name of ['cdn-cache-control', 'expires']) assert.equal(response.get(name), undefined, name);
    assert.equal(response.get('x-env'), 'prod');
    const again = await ask(next, {path: '/edited'});
    assert.equal(again.get('cache-control'), 'public, max-age=60');
    assert.equal(again.get('cdn-cache-control'), 'max-age=60');
  });

  it('is renewed without an access cookie as well', async () => {
    const session = await login();
    assertRenewed(await ask({refresh_token: session.refresh_token}), session);
  });

  it('and its parallels get one and the same refresh token', async () => {
    const session = await expired();
    const answers = await Promise.all(Array.from({length: 20}, () => ask(session)));
    const tokens = answers.map((answer) => assertRenewed(answer, session).refresh_token);
    assert.equal(new Set(tokens).size, 1);
  });

  it('of an unsafe method is renewed for a page of the same site alone', async () => {
    const session = await expired();
    for (const fields of [[['Origin', 'https://evil.example']], [['Sec-Fetch-Site', 'cross-site']]]) {
      service.upstream.forget();
      const refused = await ask(session, {method: 'POST', fields});
      assertErrorReply(refused, {status: 403, reason: 'origin_refused'});
      assert.deepEqual(refused.all('set-cookie'), []);
      assert.equal(service.upstream.requests.length, 0);
    }
    assertRenewed(await ask(session, {method: 'POST', fields: [['Sec-Fetch-Site', 'same-origin']]}), session);
  });

  it('is not renewed by another site\'s WebSocket handshake', async () => {
    const session = await expired();
    const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
    const {response} = await exchange(suiteScope, service.gateway.port,
      request('GET', '/orders', [...handshake, cookies(session), ['Sec-Fetch-Site', 'cross-site']]));
    assertErrorReply(response, {status: 403, reason: 'origin_refused'});
  });

  it('whose key is gone is renewed all the same', async () => {
    const session = await expired();
    assertRenewed(await ask({...session, access_token: withOtherKid(session.access_token)}), session);
  });
});

// The same token under another key's name, and with other claims: nobody can check it.
function withOtherKid(token, claims = {}) {
  const [header, payload, signature] = token.split('.');
  const changed = (part, members) => Buffer.from(JSON.stringify({...JSON.parse(Buffer.from(part, 'base64url')), ...members})).toString('base64url');
  return [changed(header, {kid: 'of-a-key-that-is-gone'}), changed(payload, claims), signature].join('.');
}

describe('nothing is renewed', () => {
  it('while the access token is valid', async () => {
    const session = await login();
    const response = await ask(session);
    assert.equal(response.status, 200);
    assert.deepEqual(response.all('set-cookie'), []);
  });

  it('for an access cookie that is refused for anything but its age', async () => {
    const session = await expired();
    const response = await ask({...session, access_token: withOtherSignature(session.access_token)});
    assertErrorReply(response, {status: 401, reason: 'signature_invalid'});
    assert.deepEqual(response.all('set-cookie'), []);
  });

  it('for an access cookie of an unknown key that has not expired, be it for another audience', async () => {
    const session = await login();
    for (const claims of [{}, {aud: 'another'}]) {
      const response = await ask({...session, access_token: withOtherKid(session.access_token, claims)});
      assertErrorReply(response, {status: 401, reason: 'signature_invalid'});
      assert.deepEqual(response.all('set-cookie'), []);
    }
  });

  it('for a token that stands in the header', async () => {
    const session = await expired();
    const response = await service.get('/orders', [bearer(session.access_token), cookies({refresh_token: session.refresh_token})]);
    assertErrorReply(response, {status: 401, reason: 'token_expired'});
  });

  it('on a route that reads no cookies', async () => {
    const session = await expired();
    assertErrorReply(await ask(session, {path: '/header'}), {status: 401, reason: 'token_missing'});
  });

  it('on an observed route, which passes it on as it is', async () => {
    const session = await expired();
    const response = await ask(session, {path: '/observed'});
    assert.equal(response.status, 200);
    assert.deepEqual(response.all('set-cookie'), []);
  });

  it('where the configuration says `renew: false`', async (t) => {
    const unwilling = sessionsOf(await startTokenService(scoped(t), {like: service, service: {...shortLived, cookies: {renew: false}}}));
    const session = await unwilling.expired();
    assertErrorReply(await unwilling.ask(session), {status: 401, reason: 'token_expired'});
  });

  it('for two refresh cookies', async () => {
    const session = await expired();
    const response = await service.get('/orders', [cookieField([refreshName, session.refresh_token], [refreshName, 'another'])]);
    assertErrorReply(response, {status: 400, reason: 'token_multiple'});
  });
});

describe('a session that is over', () => {
  it('by logout loses its cookies', async () => {
    const session = await expired();
    await service.logout(undefined, [cookies(session)]);
    assertOver(await ask(session), 401, 'refresh_token_invalid');
  });

  it('by reuse loses its cookies, for the thief and for the user', async () => {
    const session = await expired();
    const next = assertRenewed(await ask(session), session);
    await clockPasses(Date.now() + 2100); // the grace
    assertOver(await ask(session), 401, 'refresh_token_invalid');
    assertOver(await ask({refresh_token: next.refresh_token}), 401, 'refresh_token_invalid');
  });

  it('by cookies of two sessions loses both, and neither session ends', async () => {
    const [one, other] = [await login(), await expired()];
    assertOver(await ask({access_token: other.access_token, refresh_token: one.refresh_token}), 401, 'claim_mismatch');
    assertRenewed(await ask(other), other);
  });

  it('by a new password loses its cookies', async (t) => {
    const own = await startTokenService(scoped(t), {users: {bob: []}, service: shortLived});
    const of = sessionsOf(own);
    const session = await of.expired('bob');
    await changeUsers('passwd', own.usersFile, 'bob', {password: 'another password of bob'});
    assertOver(await of.ask(session), 401, 'refresh_token_invalid');
  });

  it('passes a route with `optional` as nobody', async () => {
    service.upstream.forget();
    const response = await ask({refresh_token: 'abc'}, {path: '/optional'});
    assert.equal(response.status, 200);
    assert.equal(Object.values(cookiesOf(response)).filter(({value}) => value === '').length, 2);
    assert.equal(service.upstream.last.get('x-user-id'), undefined);
  });
});

it('a rotation under way is one rotation in the store', async () => {
  const session = await expired();
  await Promise.all(Array.from({length: 10}, () => ask(session)));
  const [[unused]] = await queryStore(service.stateFile,
    'SELECT count(*) FROM refresh_tokens WHERE sid = ? AND used IS NULL', jose.decodeJwt(session.access_token).sid);
  assert.equal(unused, 1);
});
