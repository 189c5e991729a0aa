// A session that has as many used refresh tokens as it may have: the next is not used for now.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {assertErrorReply} from './harness/refusals.mjs';
import {scoped} from './harness/scope.mjs';
import {cookies, tokensOf} from './harness/session_cookies.mjs';
import {assertRefusal, queryStore, startTokenService} from './harness/token_service.mjs';

const most = 10_000;
// As if so many of its tokens were used, all of them as late as the first that really was.
const count = (service, used) => queryStore(service.stateFile, 'UPDATE families SET used_tokens = ?', used);

// A day after that, less the time that this test takes.
function assertWaits(response) {
  const wait = Number(response.get('retry-after'));
  assert.ok(wait > 86_300 && wait <= 86_400, `${wait} s`);
}

const form = (token) => new URLSearchParams({grant_type: 'refresh_token', refresh_token: token});
const endpoints = {
  '/auth/refresh': {refresh: (service, token) => service.tryRefresh(token), type: 'application/problem+json'},
  '/auth/token': {refresh: (service, token) => service.post('/auth/token', form(token)), type: 'application/json'},
};

describe('a session with 10,000 used refresh tokens', () => {
  for (const [path, {refresh, type}] of Object.entries(endpoints)) {
    it(`is 429 rate_limited at ${path}, which uses nothing up; a replay and reuse are told as ever`, async (t) => {
      const service = await startTokenService(scoped(t), {service: {reuse_grace: '1m'}});
      const first = await service.login();
      const second = await service.refresh(first.refresh_token);
      await count(service, most);
      for (let i = 0; i < 2; ++i) {
        const refused = await refresh(service, second.refresh_token);
        assertRefusal(refused, 429, 'rate_limited', type);
        assertWaits(refused);
      }
      const replayed = await refresh(service, first.refresh_token);
      assert.equal(replayed.status, 200, replayed.text);
      assert.equal(replayed.json.refresh_token, second.refresh_token);

      await count(service, most - 1);
      const third = await refresh(service, second.refresh_token);
      assert.equal(third.status, 200, third.text);
      assertRefusal(await refresh(service, third.json.refresh_token), 429, 'rate_limited', type);
      // As if the first had been used a minute sooner: the grace is over.
      await queryStore(service.stateFile, 'UPDATE refresh_tokens SET used = used - 60000 WHERE issued = (SELECT min(issued) FROM refresh_tokens)');
      assert.equal((await refresh(service, first.refresh_token)).json.reason, 'refresh_token_invalid');
      await service.assertOver({access_token: third.json.access_token, refresh_token: third.json.refresh_token});
    });
  }

  it('goes on as soon as the first was used a day ago', async (t) => {
    const service = await startTokenService(scoped(t));
    const second = await service.refresh((await service.login()).refresh_token);
    await count(service, most);
    await queryStore(service.stateFile, 'UPDATE refresh_tokens SET used = used - 86400000 WHERE used IS NOT NULL');
    await service.refresh(second.refresh_token);
    assert.deepEqual(await queryStore(service.stateFile, 'SELECT used_tokens FROM families'), [[most]]);
    assert.deepEqual(await queryStore(service.stateFile, 'SELECT count(*) FROM refresh_tokens'), [[2]]);
  });

  it('keeps its cookies when a request would have been renewed', async (t) => {
    const service = await startTokenService(scoped(t), {service: {deliver: 'cookies', cookies: {}}});
    const {refresh_token: token} = tokensOf(await service.tryLogin());
    const ask = (own) => service.get('/orders', [cookies({refresh_token: own})]);
    const {refresh_token: next} = tokensOf(await ask(token));
    await count(service, most);
    const refused = await ask(next);
    assertErrorReply(refused, {status: 429, reason: 'rate_limited'});
    assertWaits(refused);
    assert.deepEqual(refused.all('set-cookie'), []);
    await count(service, 1);
    tokensOf(await ask(next));
  });
});
