// Scheduled rotation of the service's signing keys, between two gateways of one store. The least schedule is a minute: the
// store's first key is made older, as if its gateway had been started so long ago.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import * as jose from 'jose';

import {assertErrorReply} from './harness/refusals.mjs';
import {scoped} from './harness/scope.mjs';
import {clockPasses, queryStore, startTokenService} from './harness/token_service.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const pace = sanitized ? 2 : 1; // of everything that is to happen
const seconds = (count) => count * 1000 * pace;
const text = (milliseconds) => `${milliseconds}ms`;
const accessLifetime = seconds(2), leeway = seconds(1), ahead = seconds(2), startsBefore = seconds(5);

const service = {
  access_lifetime: text(accessLifetime),
  leeway: text(leeway),
  signing_keys: {rotate_every: '1m', publish_ahead: text(ahead)},
};

const kidOf = (token) => jose.decodeProtectedHeader(token).kid;
const published = async (gateway) => (await gateway.get('/auth/jwks.json')).json.keys.map(({kid}) => kid);
const bothPublish = async (gateways, kids) => {
  const sets = await Promise.all(gateways.map(published));
  return sets.every((set) => set.length === kids && set.join() === sets[0].join()) && sets[0];
};

// Moves the life of the store's one key so that it signs until `end`.
async function ageKey(stateFile, end) {
  const [[until]] = await queryStore(stateFile, 'SELECT signs_until FROM signing_keys');
  const set = ['created', 'signs_from', 'signs_until', 'retired'].map((column) => `${column} = ${column} - ${until - end}`);
  await queryStore(stateFile, `UPDATE signing_keys SET ${set}`);
}

// A store whose key signs for some seconds more, and two gateways.
async function startBoth(scope) {
  const maker = await startTokenService(scope, {service});
  await maker.gateway.stop();
  const end = Date.now() + startsBefore;
  await ageKey(maker.stateFile, end);
  const gateways = await Promise.all([1, 2].map(() => startTokenService(scope, {like: maker, service})));
  return {gateways, end, retired: end + accessLifetime + leeway};
}

describe('when a signing key\'s time is over', () => {
  it('the next one was published before, signs from then on, and the old one goes with its last token', async (t) => {
    const {gateways, end, retired} = await startBoth(scoped(t));
    const [one, other] = gateways;
    const [old] = await published(one);
    assert.deepEqual(await bothPublish(gateways, 1), [old]);
    assert.ok(Date.now() < end - ahead, 'this machine is too slow for this test');

    const [, next] = await eventually('both publish the next key', () => bothPublish(gateways, 2));
    assert.ok(Date.now() >= end - ahead && Date.now() < end, `${end - Date.now()} ms before it signs`);
    let last; // by the old key
    for (const gateway of gateways) {
      const {access_token: access} = await gateway.login();
      assert.equal(kidOf(access), old);
      last = access;
    }
    await eventually('the next key signs', async () => {
      const {access_token: access} = await one.login();
      if (kidOf(access) === old) last = access;
      return kidOf(access) === next;
    });
    assert.ok(Date.now() >= end);
    const {access_token: access} = await other.login();
    assert.equal(kidOf(access), next);
    for (const gateway of gateways) {
      for (const token of [last, access]) await gateway.assertAccepted(token);
    }

    // It is accepted to its own end, not to that of its key.
    const refused = await eventually('the last token of the old key is refused', async () => {
      const response = await one.use(last);
      return response.status !== 200 && response;
    });
    assertErrorReply(refused, {status: 401, reason: 'token_expired'});
    assert.ok(Date.now() >= jose.decodeJwt(last).exp * 1000 + leeway);
    await clockPasses(retired);
    assert.deepEqual(await eventually('both publish the new key alone', () => bothPublish(gateways, 1)), [next]);
    assert.deepEqual(await queryStore(one.stateFile, 'SELECT kid FROM signing_keys ORDER BY number'), [[old], [next]]);
  });

  it('and no gateway ran, the first that does makes another, and tokens of the old one are accepted', async (t) => {
    const scope = scoped(t);
    const kept = {...service, access_lifetime: '15m'};
    const maker = await startTokenService(scope, {service: kept});
    const session = await maker.login();
    await maker.gateway.stop();
    await ageKey(maker.stateFile, Date.now() - 60_000);
    const later = await startTokenService(scope, {like: maker, service: kept});
    const {access_token: access} = await eventually('the next key signs', async () => {
      const issued = await later.login();
      return kidOf(issued.access_token) !== kidOf(session.access_token) && issued;
    });
    assert.deepEqual(await published(later), [kidOf(session.access_token), kidOf(access)]);
    await later.assertAlive(session);
  });
});
