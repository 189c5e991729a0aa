// Renewal of a browser's session whose request the upstream has not answered yet.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {assertOver, assertRenewed, guarded, okAnswer, sessionsOf, shortLived} from './harness/expired_sessions.mjs';
import {connect} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {cookies, cookiesOf, refreshName} from './harness/session_cookies.mjs';
import {clockPasses, lockStore, queryStore, startTokenService} from './harness/token_service.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();

// The browser has no other refresh token until the head of the response comes.
describe('while the upstream has not answered a renewed request', () => {
  const grace = 1000;
  let service, expired, ask;
  let heldRequests = 0;
  before(async () => {
    service = await startTokenService(suiteScope, {
      users: {alice: []},
      upstreamOptions: {answer: () => okAnswer},
      service: {...shortLived, reuse_grace: `${grace}ms`},
      routes: [guarded('orders')],
    });
    const sessions = sessionsOf(service);
    ({expired, ask} = sessions);
    await sessions.stock(10);
  });
  const graceIsOver = () => clockPasses(Date.now() + grace + 100);

  // A request with an expired session's cookies that has come to the upstream, which answers it when it is told to.
  async function held(t, session, answer = okAnswer) {
    const usual = service.upstream.answer;
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    t.after(() => {
      service.upstream.answer = usual;
      release();
    });
    service.upstream.forget();
    const path = `/orders/held/${++heldRequests}`; // the log's lines come late: each request knows its own by this
    service.upstream.answer = async (asked) => {
      if (asked.target !== path) return okAnswer;
      await released;
      return answer;
    };
    const client = await connect(scoped(t), service.gateway.port);
    client.send(request('GET', path, [cookies(session)]));
    await service.upstream.received(1);
    const line = () => eventually('its line in the log', () => service.gateway.lines.find((one) => one.path === path));
    const answered = () => {
      release();
      return client.response();
    };
    return {client, release, answered, line};
  }

  const assertWithoutCookies = (response) => assert.deepEqual([response.status, response.all('set-cookie')], [200, []]);
  const sidOf = (session) => jose.decodeJwt(session.access_token).sid;
  const usedTokens = async (session) => (await queryStore(
    service.stateFile, 'SELECT count(*) FROM refresh_tokens WHERE sid = ? AND used IS NOT NULL', sidOf(session)))[0][0];

  it('its refresh token stays unused, and is used when the response goes out', async (t) => {
    const session = await expired();
    const {answered} = await held(t, session);
    assert.equal(await usedTokens(session), 0);
    const next = assertRenewed(await answered(), session);
    assert.equal(await usedTokens(session), 1);
    await ask({refresh_token: next.refresh_token});
  });

  it('other requests with the same cookies are renewed, after the grace as well, and it gets the refresh token that they got', async (t) => {
    const session = await expired();
    const {answered} = await held(t, session);
    await graceIsOver();
    const next = assertRenewed(await ask(session), session);
    assert.equal(assertRenewed(await answered(), session).refresh_token, next.refresh_token);
    assertRenewed(await ask({refresh_token: next.refresh_token}), session);
  });

  it('for longer than the grace of another one\'s renewal, it brings no cookies: the browser has newer ones', async (t) => {
    const session = await expired();
    const {answered} = await held(t, session);
    const next = assertRenewed(await ask(session), session);
    await graceIsOver();
    assertWithoutCookies(await answered());
    assertRenewed(await ask({refresh_token: next.refresh_token}), session);
  });

  it('which repeats a renewal whose answer was lost, for longer than its grace, it brings the refresh token that was lost', async (t) => {
    const session = await expired();
    const lost = assertRenewed(await ask(session), session);
    const {answered} = await held(t, session);
    await graceIsOver();
    assert.equal(assertRenewed(await answered(), session).refresh_token, lost.refresh_token);
    assertRenewed(await ask({refresh_token: lost.refresh_token}), session);
  });

  it('and the browser has gone on by two renewals, it brings no cookies', async (t) => {
    const session = await expired();
    const second = assertRenewed(await ask(session), session);
    const {answered} = await held(t, session);
    const third = assertRenewed(await ask({refresh_token: second.refresh_token}), session);
    await graceIsOver();
    assertWithoutCookies(await answered());
    assertRenewed(await ask({refresh_token: third.refresh_token}), session);
  });

  it('a browser that leaves has lost nothing', async (t) => {
    const session = await expired();
    const {client, line} = await held(t, session);
    client.socket.destroy();
    await line();
    assert.equal(await usedTokens(session), 0);
    await graceIsOver();
    assertRenewed(await ask(session), session);
  });

  it('a browser that leaves a moment before the answer has lost nothing', async (t) => {
    const session = await expired();
    const {client, release, line} = await held(t, session);
    client.socket.destroy();
    await once(client.socket, 'close');
    release();
    await line();
    assert.equal(await usedTokens(session), 0);
  });

  it('a store that fails takes the new cookies, and not the response', async (t) => {
    const session = await expired();
    const {answered, line} = await held(t, session);
    const release = await lockStore(scoped(t), service.stateFile);
    assertWithoutCookies(await answered());
    await release();
    const {reason, detail} = await line();
    assert.equal(reason, 'accepted');
    assert.match(detail, /^the session was not renewed: /);
    assertRenewed(await ask(session), session);
  });

  it('a logout leaves no cookies to bring', async (t) => {
    const session = await expired();
    const {answered} = await held(t, session);
    await service.logout(undefined, [cookies(session)]);
    const response = await answered();
    assert.ok([200, 401].includes(response.status), response.text); // it may have been faster than the watch
    assert.deepEqual(response.all('set-cookie'), []);
    assertOver(await ask(session), 401, 'refresh_token_invalid');
  });

  it('and its answer is none, the error brings the cookies', async (t) => {
    const session = await expired();
    const {answered} = await held(t, session, 'nonsense\r\n\r\n');
    const response = await answered();
    assertErrorReply(response, {status: 502, reason: 'upstream_malformed'});
    assert.equal(Object.keys(cookiesOf(response)).length, 2);
    assert.equal(await usedTokens(session), 1);
  });

  it('and it streams then, the cookies come before the first event', async (t) => {
    const session = await expired();
    const {client, release} = await held(t, session,
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    release();
    await client.until('the head', (text) => text.includes(`Set-Cookie: ${refreshName}=`) && text.endsWith('\r\n\r\n'));
    assert.equal(await usedTokens(session), 1);
  });
});
