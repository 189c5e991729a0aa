// Renewal of a browser's session while its request is under way: no page has to ask for it.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {cookieField, cookies, cookiesOf, refreshName, tokensOf} from './harness/session_cookies.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {changeUsers, clockPasses, lockStore, queryStore, startTokenService} from './harness/token_service.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {withOtherSignature} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();
const okAnswer = 'HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 2\r\n\r\nok';
const guarded = (name, more) => ({
  name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['token_service'], ...more}, claim_headers: {sub: 'X-User-Id'},
});
let service;
before(async () => {
  service = await startTokenService(suiteScope, {
    users: {alice: []},
    upstreamOptions: {answer: () => okAnswer},
    service: {deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s', reuse_grace: '2s'},
    routes: [
      guarded('orders'), guarded('header', {from: [{header: 'Authorization', prefix: 'Bearer'}]}), guarded('optional', {optional: true}),
      {...guarded('observed'), observe: true},
    ],
  });
  await stock(service, 14);
});

const login = async (own = service, name) => ({...tokensOf(await own.tryLogin(name)), at: Date.now()});
// Sessions that are logged in ahead and age together: most tests begin with one whose access token has expired.
const stocked = new Map();
async function stock(own, count) {
  stocked.set(own, await Promise.all(Array.from({length: count}, () => login(own))));
}
// A session whose access token has expired: lifetime, leeway, and the second that `iat` was rounded down.
async function expired(own = service, name) {
  const session = (name ? undefined : stocked.get(own)?.pop()) ?? await login(own, name);
  await clockPasses(session.at + 2100);
  return session;
}
const ask = (session, {own = service, method = 'GET', path = '/orders', fields = []} = {}) =>
  own.ask(method, path, [cookies(session), ...fields]);

function assertRenewed(response, session) {
  const next = tokensOf(response);
  assert.equal(response.get('cache-control'), 'no-store');
  assert.notEqual(next.access_token, session.access_token);
  assert.equal(jose.decodeJwt(next.access_token).sid, jose.decodeJwt(session.access_token).sid);
  return next;
}

// Refused, and both cookies are taken away: nothing will make this session good again.
function assertOver(response, status, reason) {
  assertErrorReply(response, {status, reason});
  for (const {value, attributes} of Object.values(cookiesOf(response))) {
    assert.equal(value, '');
    assert.ok(attributes.includes('Max-Age=0'));
  }
  assert.equal(Object.keys(cookiesOf(response)).length, 2);
}

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

// The same token under another key's name: nobody can check it, and it has expired by its own word.
function withOtherKid(token) {
  const [header, payload, signature] = token.split('.');
  const changed = {...JSON.parse(Buffer.from(header, 'base64url')), kid: 'of-a-key-that-is-gone'};
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), payload, signature].join('.');
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
    const own = await startTokenService(scoped(t), {like: service, service: {
      deliver: 'cookies', cookies: {renew: false}, access_lifetime: '1s', leeway: '1s'}});
    const session = await expired(own);
    assertErrorReply(await ask(session, {own}), {status: 401, reason: 'token_expired'});
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
    const own = await startTokenService(scoped(t), {users: {bob: []}, service: {deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s'}});
    const session = await expired(own, 'bob');
    await changeUsers('passwd', own.usersFile, 'bob', {password: 'another password of bob'});
    assertOver(await ask(session, {own}), 401, 'refresh_token_invalid');
  });

  it('passes a route with `optional` as nobody', async () => {
    service.upstream.forget();
    const response = await ask({refresh_token: 'abc'}, {path: '/optional'});
    assert.equal(response.status, 200);
    assert.equal(Object.values(cookiesOf(response)).filter(({value}) => value === '').length, 2);
    assert.equal(service.upstream.last.get('x-user-id'), undefined);
  });
});

// The browser has no other refresh token until the head of the response comes.
describe('while the upstream has not answered a renewed request', () => {
  const grace = 1000;
  let own;
  let heldRequests = 0;
  before(async () => {
    own = await startTokenService(suiteScope, {like: service, service: {
      deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s', reuse_grace: `${grace}ms`}});
    await stock(own, 10);
  });
  const graceIsOver = () => clockPasses(Date.now() + grace + 100);

  // A request with an expired session's cookies that has come to the upstream, which answers it when it is told to.
  async function held(t, session, answer = okAnswer) {
    const usual = own.upstream.answer;
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    t.after(() => {
      own.upstream.answer = usual;
      release();
    });
    own.upstream.forget();
    const path = `/orders/held/${++heldRequests}`; // the log's lines come late: each request knows its own by this
    own.upstream.answer = async (asked) => {
      if (asked.target !== path) return okAnswer;
      await released;
      return answer;
    };
    const client = await connect(scoped(t), own.gateway.port);
    client.send(request('GET', path, [cookies(session)]));
    await own.upstream.received(1);
    const line = () => eventually('its line in the log', () => own.gateway.lines.find((one) => one.path === path));
    const answered = () => {
      release();
      return client.response();
    };
    return {client, release, answered, line};
  }

  const assertWithoutCookies = (response) => assert.deepEqual([response.status, response.all('set-cookie')], [200, []]);
  const sidOf = (session) => jose.decodeJwt(session.access_token).sid;
  const usedTokens = async (session) => (await queryStore(
    own.stateFile, 'SELECT count(*) FROM refresh_tokens WHERE sid = ? AND used IS NOT NULL', sidOf(session)))[0][0];

  it('its refresh token stays unused, and is used when the response goes out', async (t) => {
    const session = await expired(own);
    const {answered} = await held(t, session);
    assert.equal(await usedTokens(session), 0);
    const next = assertRenewed(await answered(), session);
    assert.equal(await usedTokens(session), 1);
    await ask({refresh_token: next.refresh_token}, {own});
  });

  it('other requests with the same cookies are renewed, after the grace as well, and it gets the refresh token that they got', async (t) => {
    const session = await expired(own);
    const {answered} = await held(t, session);
    await graceIsOver();
    const next = assertRenewed(await ask(session, {own}), session);
    assert.equal(assertRenewed(await answered(), session).refresh_token, next.refresh_token);
    assertRenewed(await ask({refresh_token: next.refresh_token}, {own}), session);
  });

  it('for longer than the grace of another one\'s renewal, it brings no cookies: the browser has newer ones', async (t) => {
    const session = await expired(own);
    const {answered} = await held(t, session);
    const next = assertRenewed(await ask(session, {own}), session);
    await graceIsOver();
    assertWithoutCookies(await answered());
    assertRenewed(await ask({refresh_token: next.refresh_token}, {own}), session);
  });

  it('which repeats a renewal whose answer was lost, for longer than its grace, it brings the refresh token that was lost', async (t) => {
    const session = await expired(own);
    const lost = assertRenewed(await ask(session, {own}), session);
    const {answered} = await held(t, session);
    await graceIsOver();
    assert.equal(assertRenewed(await answered(), session).refresh_token, lost.refresh_token);
    assertRenewed(await ask({refresh_token: lost.refresh_token}, {own}), session);
  });

  it('and the browser has gone on by two renewals, it brings no cookies', async (t) => {
    const session = await expired(own);
    const second = assertRenewed(await ask(session, {own}), session);
    const {answered} = await held(t, session);
    const third = assertRenewed(await ask({refresh_token: second.refresh_token}, {own}), session);
    await graceIsOver();
    assertWithoutCookies(await answered());
    assertRenewed(await ask({refresh_token: third.refresh_token}, {own}), session);
  });

  it('a browser that leaves has lost nothing', async (t) => {
    const session = await expired(own);
    const {client, line} = await held(t, session);
    client.socket.destroy();
    await line();
    assert.equal(await usedTokens(session), 0);
    await graceIsOver();
    assertRenewed(await ask(session, {own}), session);
  });

  it('a browser that leaves a moment before the answer has lost nothing', async (t) => {
    const session = await expired(own);
    const {client, release, line} = await held(t, session);
    client.socket.destroy();
    await once(client.socket, 'close');
    release();
    await line();
    assert.equal(await usedTokens(session), 0);
  });

  it('a store that fails takes the new cookies, and not the response', async (t) => {
    const session = await expired(own);
    const {answered, line} = await held(t, session);
    const release = await lockStore(scoped(t), own.stateFile);
    assertWithoutCookies(await answered());
    await release();
    const {reason, detail} = await line();
    assert.equal(reason, 'accepted');
    assert.match(detail, /^the session was not renewed: /);
    assertRenewed(await ask(session, {own}), session);
  });

  it('a logout leaves no cookies to bring', async (t) => {
    const session = await expired(own);
    const {answered} = await held(t, session);
    await own.logout(undefined, [cookies(session)]);
    const response = await answered();
    assert.ok([200, 401].includes(response.status), response.text); // it may have been faster than the watch
    assert.deepEqual(response.all('set-cookie'), []);
    assertOver(await ask(session, {own}), 401, 'refresh_token_invalid');
  });

  it('and its answer is none, the error brings the cookies', async (t) => {
    const session = await expired(own);
    const {answered} = await held(t, session, 'nonsense\r\n\r\n');
    const response = await answered();
    assertErrorReply(response, {status: 502, reason: 'upstream_malformed'});
    assert.equal(Object.keys(cookiesOf(response)).length, 2);
    assert.equal(await usedTokens(session), 1);
  });

  it('and it streams then, the cookies come before the first event', async (t) => {
    const session = await expired(own);
    const {client, release} = await held(t, session,
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    release();
    await client.until('the head', (text) => text.includes(`Set-Cookie: ${refreshName}=`) && text.endsWith('\r\n\r\n'));
    assert.equal(await usedTokens(session), 1);
  });
});

it('a rotation under way is one rotation in the store', async () => {
  const session = await expired();
  await Promise.all(Array.from({length: 10}, () => ask(session)));
  const [[unused]] = await queryStore(service.stateFile,
    'SELECT count(*) FROM refresh_tokens WHERE sid = ? AND used IS NULL', jose.decodeJwt(session.access_token).sid);
  assert.equal(unused, 1);
});
