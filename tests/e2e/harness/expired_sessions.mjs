// Sessions of browsers whose access token has expired, and what their requests are answered.
import assert from 'node:assert/strict';

import * as jose from 'jose';

import {assertErrorReply} from './refusals.mjs';
import {cookies, cookiesOf, tokensOf} from './session_cookies.mjs';
import {clockPasses} from './token_service.mjs';

export const okAnswer = 'HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 2\r\n\r\nok';

// The members of a token service whose access tokens expire soon.
export const shortLived = {deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s'};

// A route of that name that wants one of its tokens; `more` are members of its `jwt`.
export const guarded = (name, more) => ({
  name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['token_service'], ...more}, claim_headers: {sub: 'X-User-Id'},
});

export function sessionsOf(service) {
  const stocked = [];
  const login = async (name) => ({...tokensOf(await service.tryLogin(name)), at: Date.now()});
  return {
    login,
    // Logs sessions in ahead, which age together: most tests begin with one whose access token has expired.
    async stock(count) {
      stocked.push(...await Promise.all(Array.from({length: count}, () => login())));
    },
    // A session whose access token has expired: lifetime, leeway, and the second that `iat` was rounded down.
    async expired(name) {
      const session = (name ? undefined : stocked.pop()) ?? await login(name);
      await clockPasses(session.at + 2100);
      return session;
    },
    ask: (session, {method = 'GET', path = '/orders', fields = []} = {}) => service.ask(method, path, [cookies(session), ...fields]),
  };
}

export function assertRenewed(response, session) {
  const next = tokensOf(response);
  assert.equal(response.get('cache-control'), 'no-store');
  assert.notEqual(next.access_token, session.access_token);
  assert.equal(jose.decodeJwt(next.access_token).sid, jose.decodeJwt(session.access_token).sid);
  return next;
}

// Refused, and both cookies are taken away: nothing will make this session good again.
export function assertOver(response, status, reason) {
  assertErrorReply(response, {status, reason});
  for (const {value, attributes} of Object.values(cookiesOf(response))) {
    assert.equal(value, '');
    assert.ok(attributes.includes('Max-Age=0'));
  }
  assert.equal(Object.keys(cookiesOf(response)).length, 2);
}
