// Gateways whose Redis is several servers: behind Sentinel, and as a cluster.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {inRedis} from './harness/redis.mjs';
import {startCluster, startWatched} from './harness/redis_ha.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {scoped} from './harness/scope.mjs';
import {assertRefusal, clockPasses, startTokenService} from './harness/token_service.mjs';
import {eventually} from './harness/waiting.mjs';

async function startBoth(scope, redis, store, more) {
  const service = {...inRedis(redis, store), reuse_grace: '1m', ...more};
  const first = await startTokenService(scope, {service});
  return [first, await startTokenService(scope, {like: first, service})];
}

// What one gateway gives the other takes; what one ends is over for both.
async function assertShared([one, other]) {
  const session = await one.login();
  await other.assertAccepted(session.access_token);
  const next = await other.refresh(session.refresh_token);
  assert.equal((await one.refresh(session.refresh_token)).refresh_token, next.refresh_token);
  await one.assertAccepted(next.access_token);
  await one.logout({refresh_token: next.refresh_token});
  await eventually('the other gateway refuses', async () => (await other.use(next.access_token)).status === 401);
  await one.assertOver(next);
  await other.assertOver(next);
}

const worksAgain = (gateways) => Promise.all(gateways.map((gateway) => (
  eventually('logins work again', async () => (await gateway.tryLogin()).status === 200))));

// Refreshes until the store is down; what was acknowledged last, and the token that it was got with, stay in `session`.
async function keepRefreshing(gateways, session, acknowledged) {
  for (let i = 0; ; ++i) {
    const response = await gateways[i % gateways.length].tryRefresh(session.refresh);
    if (response.status !== 200) return assertRefusal(response, 503, 'store_unavailable');
    Object.assign(session, {previous: session.refresh, refresh: response.json.refresh_token, access: response.json.access_token});
    acknowledged();
  }
}

describe('gateways behind Sentinel that wait for a replica', () => {
  it('share their sessions, and lose no acknowledged rotation or logout when the master is killed under load', async (t) => {
    const scope = scoped(t);
    const redis = await startWatched(scope);
    const gateways = await startBoth(scope, redis, {wait_replicas: 1});
    await assertShared(gateways);
    const ended = await gateways[0].login();
    const sessions = [];
    for (let i = 0; i < 4; ++i) sessions.push({refresh: (await gateways[i % 2].login()).refresh_token});
    let count = 0, failedOver;
    const acknowledged = () => {
      if (++count !== 60) return;
      failedOver = gateways[0].logout({refresh_token: ended.refresh_token}).then(() => redis.failOver());
    };
    await Promise.all(sessions.map((session) => keepRefreshing(gateways, session, acknowledged)));
    await failedOver;

    await worksAgain(gateways);
    for (const session of sessions) {
      // The last one, or what a rotation gave that the replica had in time and nobody was told of.
      const {refresh_token: current} = await gateways[0].refresh(session.previous);
      if (current !== session.refresh) assert.equal((await gateways[0].refresh(session.refresh)).refresh_token, current);
      for (const gateway of gateways) {
        assert.equal((await gateway.refresh(session.previous)).refresh_token, current);
        await gateway.assertAccepted(session.access);
      }
      await gateways[1].refresh(current);
    }
    for (const gateway of gateways) await gateway.assertOver(ended);
    await assertShared(gateways);
    t.diagnostic(`${count} rotations were acknowledged`);
  });

  it('acknowledge nothing that the master alone has, and it has not happened after the failover', async (t) => {
    const scope = scoped(t);
    const redis = await startWatched(scope);
    const gateways = await startBoth(scope, redis, {wait_replicas: 1, timeout: '300ms'});
    const [refreshing, leaving] = [await gateways[0].login(), await gateways[1].login()];
    await redis.cutReplicas();
    assertRefusal(await gateways[0].tryRefresh(refreshing.refresh_token), 503, 'store_unavailable');
    assertRefusal(await gateways[1].tryLogout({refresh_token: leaving.refresh_token}), 503, 'store_unavailable');
    assertRefusal(await gateways[0].tryLogin(), 503, 'store_unavailable');
    await redis.failOver();
    await worksAgain(gateways);
    await gateways[1].refresh(refreshing.refresh_token);
    await assertShared(gateways);
  });

  it('use no refresh token up while the replicas are away, however long that takes', async (t) => {
    const scope = scoped(t);
    const redis = await startWatched(scope);
    const [gateway, other] = await startBoth(scope, redis, {wait_replicas: 1, timeout: '300ms'},
      {reuse_grace: '1s', cookies: {secure: false}, deliver: 'both', access_lifetime: '1s', leeway: '1s'});
    const [session, browsers] = [await gateway.login(), await gateway.login()];
    const cookies = [['Cookie', `postern_access=${browsers.access_token}; postern_refresh=${browsers.refresh_token}`]];
    await clockPasses((jose.decodeJwt(browsers.access_token).exp + 1) * 1000);
    await redis.cutReplicas();
    for (const each of [gateway, other]) assertRefusal(await each.tryRefresh(session.refresh_token), 503, 'store_unavailable');
    const refused = await gateway.get('/orders', cookies);
    assertErrorReply(refused, {status: 503, reason: 'store_unavailable'});
    assert.deepEqual(refused.all('set-cookie'), []);
    await clockPasses(Date.now() + 1000); // by now a second use would be reuse
    await redis.restoreReplicas();
    await eventually('logins work again', async () => (await gateway.tryLogin()).status === 200);
    await gateway.refresh(session.refresh_token);
    const renewed = await gateway.get('/orders', cookies);
    assert.equal(renewed.status, 200, renewed.text);
    assert.equal(renewed.all('set-cookie').length, 2);
  });
});

describe('gateways on a cluster', () => {
  const suiteScope = scoped();
  let redis, gateways;
  before(async () => {
    redis = await startCluster(suiteScope);
    gateways = await startBoth(suiteScope, redis);
  });

  it('share their sessions', () => assertShared(gateways));

  it('go on when the slot of the store was moved to another node', async () => {
    const [kept, ended] = [await gateways[0].login(), await gateways[0].login()];
    await gateways[0].logout({refresh_token: ended.refresh_token});
    await redis.moveSlot();
    await worksAgain(gateways);
    for (const gateway of gateways) await gateway.assertOver(ended);
    await gateways[0].assertAlive(await gateways[1].assertAlive(kept));
    await assertShared(gateways);
  });

  it('are 503 while the node that has the slot is down, and go on when it is back', async () => {
    const session = await gateways[0].login();
    await redis.holder.kill();
    for (const gateway of gateways) assertRefusal(await gateway.tryLogin(), 503, 'store_unavailable');
    await gateways[1].assertAccepted(session.access_token);
    await redis.holder.start();
    await worksAgain(gateways);
    await gateways[1].assertAlive(session);
    await assertShared(gateways);
  });
});
