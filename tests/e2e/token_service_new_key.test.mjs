// A gateway meets tokens of a key that another gateway of its store has made a moment ago, and revoked keys.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import * as jose from 'jose';

import {inRedis, startRedis} from './harness/redis.mjs';
import {startGateway} from './harness/gateway.mjs';
import {exchange} from './harness/raw_client.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {assertRefusal, audience, issuer, queryStore, sessionConfig, startTokenService} from './harness/token_service.mjs';
import {goodClaims, makeKey, mint, remember} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const kidOf = (token) => jose.decodeProtectedHeader(token).kid;
const secret = 'a secret of a client that has 32 bytes';
const auditor = ['Authorization', `Basic ${Buffer.from(`auditor:${secret}`).toString('base64')}`];
const service = {clients: [{id: 'auditor', secret, introspect: true}]};
const form = (members) => new URLSearchParams(members);
const published = async (gateway) => (await gateway.get('/auth/jwks.json')).json.keys.map(({kid}) => kid);

// A gateway that knows the store's first key, and one that has made the next since then, with a session of it.
async function startBoth(scope) {
  const first = await startTokenService(scope, {service});
  const [old] = await published(first);
  const past = Date.now() - 1000;
  await queryStore(first.stateFile, 'UPDATE signing_keys SET signs_until = ?', past);
  const second = await startTokenService(scope, {like: first, service});
  const session = await eventually('the next key signs', async () => {
    const issued = await second.login();
    return kidOf(issued.access_token) !== old && issued;
  });
  return {first, second, session};
}

describe('a token of a key that another gateway has made a moment ago', () => {
  it('is active at /auth/introspect', async (t) => {
    const {first, session} = await startBoth(scoped(t));
    const answer = await first.post('/auth/introspect', form({token: session.access_token}), [auditor]);
    assert.equal(answer.json.active, true, answer.text);
  });

  it('is revoked at /auth/revoke', async (t) => {
    const {first, second, session} = await startBoth(scoped(t));
    assert.equal((await first.post('/auth/revoke', form({token: session.access_token}))).status, 200);
    await first.assertRevoked(session.access_token);
    await eventually('the other hears of it', async () => (await second.use(session.access_token)).status === 401);
    await second.assertRevoked(session.access_token);
  });

  it('ends its session at /auth/logout', async (t) => {
    const {first, session} = await startBoth(scoped(t));
    await first.logout(undefined, [bearer(session.access_token)]);
    await first.assertOver(session);
  });

  it('comes along with a refresh', async (t) => {
    const {first, session} = await startBoth(scoped(t));
    await first.refresh(session.refresh_token, session.access_token);
  });
});

// What a gateway tells of such a token while nobody can say whether its key exists.
async function assertUndecided(gateway, session) {
  const token = session.access_token;
  const answers = await Promise.all([
    gateway.use(token),
    gateway.post('/auth/introspect', form({token}), [auditor]),
    gateway.post('/auth/revoke', form({token})),
    gateway.tryLogout(undefined, [bearer(token)]),
    gateway.tryRefresh(session.refresh_token, token),
  ]);
  for (const [i, answer] of answers.entries()) {
    const type = i === 1 || i === 2 ? 'application/json' : undefined; // OAuth's endpoints
    assertErrorReply(answer, {status: 503, reason: 'keys_unavailable', type});
    assert.equal(answer.get('retry-after'), '5');
  }
}

describe('a token of a key that another gateway has made before the store was lost', {concurrency: true}, () => {
  for (const [how, {timeout, down, up}] of Object.entries({
    'is not there': {timeout: '300ms', down: (redis) => redis.kill(), up: (redis) => redis.start()},
    'does not answer': {timeout: '5s', down: (redis) => redis.pause(), up: (redis) => redis.resume()},
  })) {
    it(`is neither good nor bad while the store ${how}, and good when it is back`, async (t) => {
      const scope = scoped(t);
      const redis = await startRedis(scope);
      const settings = {service: {...service, ...inRedis(redis, {timeout})}};
      const second = await startTokenService(scope, settings);
      const first = await startTokenService(scope, {like: second, ...settings});
      const known = await first.login();
      assert.equal((await second.gateway.admin('/keys/rotate', {method: 'POST'})).status, 200);
      const session = await second.login();
      assert.notEqual(kidOf(session.access_token), kidOf(known.access_token));
      await down(redis);
      await assertUndecided(first, session);
      await first.assertAccepted(known.access_token);
      const stranger = await makeKey('ES256');
      const ofStranger = await mint(stranger, {iss: issuer, aud: audience, client_id: 'postern'});
      assertErrorReply(await first.use(ofStranger), {status: 503, reason: 'keys_unavailable'});
      const ofAnotherService = await mint(stranger, {iss: issuer, aud: 'another', client_id: 'postern'});
      assertErrorReply(await first.use(ofAnotherService), {status: 401, reason: 'key_unknown'});
      const inactive = await first.post('/auth/introspect', form({token: ofAnotherService}), [auditor]);
      assert.equal(inactive.text, '{"active":false}');
      await up(redis);
      await eventually('the new key is known', async () => {
        const answer = await first.use(session.access_token);
        if (answer.status !== 200) assertErrorReply(answer, {status: 503, reason: 'keys_unavailable'});
        return answer.status === 200;
      });
      assertErrorReply(await first.use(ofStranger), {status: 401, reason: 'key_unknown'});
      const answer = await first.post('/auth/introspect', form({token: session.access_token}), [auditor]);
      assert.equal(answer.json.active, true, answer.text);
      await first.refresh(session.refresh_token, session.access_token);
    });
  }
});

describe('a key that was revoked', () => {
  it('leaves the other gateways\' JWKS at once, and the next one is there', async (t) => {
    const scope = scoped(t);
    const first = await startTokenService(scope);
    const second = await startTokenService(scope, {like: first});
    const [kid] = await published(second);
    const answer = await first.gateway.admin('/revocations', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, kid}),
    });
    assert.equal(answer.status, 200, answer.text);
    const next = await eventually('both publish another key', async () => {
      const answers = await Promise.all([first, second].map((gateway) => gateway.get('/auth/jwks.json')));
      const kids = answers.map(({status, json}) => status === 200 && json.keys.map((key) => key.kid).join());
      return kids[0] && kids[0] === kids[1] && !kids[0].includes(kid) && kids[0];
    });
    for (const gateway of [first, second]) assert.equal(kidOf((await gateway.login()).access_token), next);
  });
});

// A token that a thief of the store's key makes.
async function forge(stateFile, kid, iss) {
  const [[pem]] = await queryStore(stateFile, 'SELECT private_key FROM signing_keys WHERE kid = ?', kid);
  const claims = goodClaims({iss, aud: audience, client_id: 'postern'});
  const token = new jose.SignJWT(claims).setProtectedHeader({alg: 'ES256', typ: 'at+jwt', kid});
  return remember(await token.sign(await jose.importPKCS8(pem, 'ES256')));
}

describe('a key that was revoked, when the issuer becomes another', () => {
  it('stays away, and nothing that it signs is accepted, after a reload and after a restart', async (t) => {
    const scope = scoped(t);
    const first = await startTokenService(scope);
    const [kid] = await published(first);
    await first.assertAccepted(await forge(first.stateFile, kid, issuer));
    const another = 'https://another.example.com';
    const answer = await first.gateway.admin('/revocations', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, kid}),
    });
    assert.equal(answer.status, 200, answer.text);
    first.config.token_service.issuer = another;
    writeFileSync(`${first.gateway.configFile}.new`, JSON.stringify(first.config));
    renameSync(`${first.gateway.configFile}.new`, first.gateway.configFile);
    first.gateway.signal('SIGHUP');
    await eventually('tokens are of the other issuer', async () => {
      const issued = await first.tryLogin();
      return issued.status === 200 && jose.decodeJwt(issued.json.access_token).iss === another;
    });
    const assertStaysAway = async (service) => {
      const listed = await service.gateway.admin('/keys'); // which looks into the store
      assert.ok(!listed.text.includes(kid), listed.text);
      const kids = await published(service);
      assert.ok(kids.length === 1 && kids[0] !== kid, kids.join());
      await service.assertRevoked(await forge(service.stateFile, kid, another));
      await service.assertAccepted((await service.login()).access_token);
    };
    await assertStaysAway(first);
    await first.gateway.stop();
    await assertStaysAway(await startTokenService(scope, {like: first, service: {issuer: another}}));
  });
});

describe('a JWKS without a key', () => {
  it('is 503 and nobody keeps it, until the store is there', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    const model = await startTokenService(scope, {service: inRedis(redis)}); // for its users
    await redis.kill();
    const config = sessionConfig({endpoint: model.upstream.endpoint, usersFile: model.usersFile, service: inRedis(redis)});
    const gateway = await startGateway(scope, config);
    const ask = async () => (await exchange(scope, gateway.port, request('GET', '/auth/jwks.json'))).response;
    const refused = await ask();
    assertRefusal(refused, 503, 'keys_unavailable');
    assert.equal(refused.get('retry-after'), '5');
    await redis.start();
    const answer = await eventually('the keys are there', async () => {
      const response = await ask();
      return response.status === 200 && response;
    });
    assert.equal(answer.json.keys.length, 1);
    assert.match(answer.get('cache-control'), /^public, max-age=\d+$/);
  });
});
