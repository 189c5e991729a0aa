// An access token is revoked, or the key that signed it, and not its session: what its holder can still do.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {bearer} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {cookies, cookiesOf, tokensOf} from './harness/session_cookies.mjs';
import {assertRefusal, clockPasses, issuer, startTokenService} from './harness/token_service.mjs';
import {eventually} from './harness/waiting.mjs';

const suiteScope = scoped();
let service, both;
before(async () => {
  service = await startTokenService(suiteScope, {service: {deliver: 'cookies', cookies: {}}});
  both = await startTokenService(suiteScope, {like: service, service: {deliver: 'both', cookies: {}}});
});

const login = async () => tokensOf(await service.tryLogin());

async function revokeKey(token, own = service) {
  const {kid} = jose.decodeProtectedHeader(token);
  const answer = await own.gateway.admin('/revocations', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, kid}),
  });
  assert.equal(answer.status, 200, answer.text);
  await eventually('another key signs', async () => {
    const response = await own.tryLogin();
    return response.status === 200 && jose.decodeProtectedHeader(tokensOf(response).access_token).kid !== kid;
  });
}

const ways = {
  'by itself at /auth/revoke': async ({access_token: access}) => {
    assert.equal((await service.post('/auth/revoke', new URLSearchParams({token: access}))).status, 200);
    await service.assertRevoked(access);
  },
  'with its key': ({access_token: access}) => revokeKey(access),
};

for (const [way, revoke] of Object.entries(ways)) {
  describe(`a session whose access token was revoked ${way}`, () => {
    it('ends by a logout with both cookies, and the refresh token is dead', async () => {
      const tokens = await login();
      await revoke(tokens);
      const answer = await service.logout(undefined, [cookies(tokens)]);
      assert.deepEqual(Object.values(cookiesOf(answer)).map(({value}) => value), ['', '']);
      assertRefusal(await both.tryRefresh(tokens.refresh_token), 401, 'refresh_token_invalid');
    });

    it('ends by a logout of everything with both tokens', async () => {
      const [tokens, other] = [await login(), await login()];
      await revoke(tokens);
      await service.logout({refresh_token: tokens.refresh_token, all: true}, [bearer(tokens.access_token)]);
      assertRefusal(await both.tryRefresh(tokens.refresh_token), 401, 'refresh_token_invalid');
      assertRefusal(await both.tryRefresh(other.refresh_token), 401, 'refresh_token_invalid');
    });

    it('does not end by that token alone', async () => {
      const tokens = await login();
      await revoke(tokens);
      assertRefusal(await service.tryLogout(undefined, [bearer(tokens.access_token)]), 401, 'token_revoked');
      assert.equal((await both.tryRefresh(tokens.refresh_token)).status, 200);
    });

    it('is not refreshed beside it, and the browser keeps the cookies of a session that goes on', async () => {
      const tokens = await login();
      await revoke(tokens);
      const answer = await service.post('/auth/refresh', undefined, [cookies(tokens)]);
      assertRefusal(answer, 401, 'token_revoked');
      assert.deepEqual(answer.all('set-cookie'), []);
      assert.equal((await both.tryRefresh(tokens.refresh_token)).status, 200);
    });
  });
}

it('a revoked access token of another session ends nothing', async () => {
  const [tokens, other] = [await login(), await login()];
  await ways['by itself at /auth/revoke'](other);
  const answer = await service.tryLogout({refresh_token: tokens.refresh_token}, [bearer(other.access_token)]);
  assertRefusal(answer, 401, 'claim_mismatch');
  assert.equal((await both.tryRefresh(tokens.refresh_token)).status, 200);
});

it('a browser whose session is over loses its cookies at a refresh', async () => {
  const tokens = await login();
  await service.logout({refresh_token: tokens.refresh_token});
  const answer = await service.post('/auth/refresh', undefined, [cookies(tokens)]);
  assertRefusal(answer, 401, 'token_revoked');
  assert.deepEqual(Object.values(cookiesOf(answer)).map(({value}) => value), ['', '']);
});

describe('a browser whose access cookie was signed by a key that is revoked', () => {
  const guarded = {
    name: 'orders', match: {path_prefix: '/orders'}, upstream: 'orders', jwt: {providers: ['token_service']}, claim_headers: {sub: 'X-User-Id'},
  };

  it('goes on by its refresh cookie as soon as the access token has expired', async (t) => {
    const own = await startTokenService(scoped(t), {
      service: {deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s'}, routes: [guarded],
    });
    const [asking, posting] = [tokensOf(await own.tryLogin()), tokensOf(await own.tryLogin())];
    const at = Date.now();
    await revokeKey(asking.access_token, own);
    await clockPasses(at + 2100); // lifetime, leeway, and the second that `iat` was rounded down
    const answer = await own.ask('GET', '/orders', [cookies(asking)]);
    assert.equal(answer.status, 200, answer.text);
    const {kid} = jose.decodeProtectedHeader(asking.access_token);
    assert.notEqual(jose.decodeProtectedHeader(tokensOf(answer).access_token).kid, kid);
    const refreshed = await own.ask('POST', '/auth/refresh', [cookies(posting)]);
    assert.equal(refreshed.status, 200, refreshed.text);
  });
});
