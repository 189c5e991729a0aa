// OAuth's endpoints for tokens that were issued: revocation and introspection; and all of them while the store is locked.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {asking, assertError, assertPrivate, basic, own, settings, startOAuthService} from './harness/oauth.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, issuer, lockStore, startTokenService} from './harness/token_service.mjs';
import {makeKey, mint} from './harness/tokens.mjs';

const suiteScope = scoped();
let service;
before(async () => { service = await startOAuthService(suiteScope); });
const {ask, clientToken, introspect} = asking(() => service);

async function assertInactive(token) {
  const response = await introspect(token);
  assertPrivate(response);
  assert.equal(response.text, '{"active":false}');
}

describe('a revocation', () => {
  const revoke = (token, fields = [], members = {}) => ask('revoke', {token, ...members}, fields);
  async function assertDone(response) {
    assertPrivate(response);
    assert.equal(response.text, '');
  }
  const assertForeign = (response) => assertError(response, 400, 'unauthorized_client', 'client_not_allowed');

  for (const hint of [undefined, 'refresh_token', 'access_token', 'other']) {
    it(`of a login's refresh token ends its session${hint ? `, with the hint ${hint}` : ''}`, async () => {
      const session = await service.login();
      await assertDone(await revoke(session.refresh_token, [], hint ? {token_type_hint: hint} : {}));
      await service.assertOver(session);
    });
  }

  it('of a login\'s access token is of this one alone', async () => {
    const session = await service.login();
    await assertDone(await revoke(session.access_token));
    await service.assertRevoked(session.access_token);
    await service.assertAccepted((await service.refresh(session.refresh_token)).access_token);
  });

  it('of a client\'s token is of this one alone', async () => {
    const [token, other] = [await clientToken(), await clientToken()];
    await assertDone(await revoke(token, [basic('batch')]));
    await service.assertRevoked(token);
    await service.assertAccepted(other);
  });

  it('of another client\'s token is refused, and the token stays good', async () => {
    const token = await clientToken();
    assertForeign(await revoke(token, [basic('job')]));
    assertForeign(await revoke(token));
    const session = await service.login();
    assertForeign(await revoke(session.access_token, [basic('batch')]));
    assertForeign(await revoke(session.refresh_token, [basic('batch')]));
    for (const access of [token, session.access_token]) await service.assertAccepted(access);
    assert.equal((await introspect(session.refresh_token)).json.active, true);
  });

  it('of what is no token, or one no more, is 200', async () => {
    const session = await service.login();
    await service.logout({refresh_token: session.refresh_token});
    const foreign = await mint(await makeKey('ES256'), {iss: issuer, aud: audience});
    const unknown = `${'A'.repeat(22)}.${'A'.repeat(43)}`;
    for (const token of ['x', unknown, foreign, `${foreign}x`, session.access_token]) {
      await assertDone(await revoke(token));
      await assertDone(await revoke(token, [basic('batch')]));
    }
    await assertDone(await revoke(session.refresh_token));
  });

  it('of nothing is 400 invalid_request', async () => {
    assertError(await ask('revoke', {}), 400, 'invalid_request', 'request_malformed');
  });
});

describe('introspection', () => {
  it('tells of a good access token what RFC 7662 section 2.2 names, and nothing else', async () => {
    const {access_token: access} = await service.login();
    for (const token of [access, await clientToken()]) {
      const response = await introspect(token);
      assertPrivate(response);
      const {role, sid, auth_time: authTime, ...claims} = jose.decodeJwt(token);
      assert.deepEqual(response.json, {active: true, token_type: 'Bearer', ...claims});
    }
  });

  it('tells of a good refresh token whose it is and until when', async () => {
    const session = await service.login();
    const response = await introspect(session.refresh_token);
    assertPrivate(response);
    const {exp, ...rest} = response.json;
    assert.deepEqual(rest, {active: true, sub: 'alice', client_id: 'postern'});
    assert.ok(Math.abs(exp - (session.at / 1000 + 432_000)) < 10, `exp ${exp}`);
  });

  it('tells of everything else that it is inactive, and no more', async () => {
    const used = await service.login();
    await service.refresh(used.refresh_token);
    const over = await service.login();
    await service.logout({refresh_token: over.refresh_token});
    const revoked = await clientToken();
    assertPrivate(await ask('revoke', {token: revoked}, [basic('batch')]));
    const foreign = await mint(await makeKey('ES256'), {iss: issuer, aud: audience});
    for (const token of ['x', foreign, used.refresh_token, over.refresh_token, over.access_token, revoked]) await assertInactive(token);
  });

  it('is refused to clients that may not, to nobody in particular, and without a token', async () => {
    const token = await clientToken();
    assertError(await ask('introspect', {token}, [basic('batch')]), 400, 'unauthorized_client', 'client_not_allowed');
    assertError(await ask('introspect', {token}), 401, 'invalid_client', 'client_invalid');
    assertError(await ask('introspect', {}, [basic('watcher')]), 400, 'invalid_request', 'request_malformed');
  });
});

describe('while the store cannot write', () => {
  it('clients get tokens; refreshing, revoking and wrong secrets are 503, and nothing was done', async (t) => {
    const scope = scoped(t);
    const at = await startTokenService(scope, {service: {...settings, login_limits: {address: 50}}});
    const [session, token] = [await at.login(), await clientToken('batch', {}, at)];
    const release = await lockStore(scope, at.stateFile);
    const answers = await Promise.all([
      ask('token', {grant_type: 'refresh_token', refresh_token: session.refresh_token}, [], at),
      ask('revoke', {token: session.refresh_token}, [], at),
      ask('revoke', {token}, [basic('batch')], at),
      ask('token', own, [basic('batch', 'x')], at),
      clientToken('batch', {}, at),
    ]);
    for (const answer of answers.slice(0, 4)) {
      assertError(answer, 503, undefined, 'store_unavailable');
      assert.match(answer.get('retry-after'), /^[1-9]\d*$/);
    }
    await at.assertAccepted(token);
    await release();
    await at.assertAlive(session);
  });
});
