// Rotation: new keys at once, withdrawn ones no longer, and an unknown kid is no lever against the provider.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {describe, it} from 'node:test';

import {startGateway} from './harness/gateway.mjs';
import {answers, keysPath} from './harness/key_server.mjs';
import {issueAccessToken, startProvider} from './harness/oidc_provider.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {
  ask, assertAccepted, makeClient, providerOf, ready, refreshEachSecond, refreshSeldom, remoteConfig, startLoad,
  startRemote, tally,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, base64url, makeKey} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

// A token like this one with a kid that nobody has.
function withRandomKid(token) {
  const [, payload, signature] = token.split('.');
  return `${base64url(JSON.stringify({alg: 'ES256', typ: 'at+jwt', kid: randomBytes(12).toString('hex')}))}.${payload}.${signature}`;
}

describe('rotation of a real provider', () => {
  it('under 500 requests a second gives no 401, and the withdrawn key is refused at last', async (t) => {
    const scope = scoped(t);
    const provider = await startProvider(scope, {audience});
    const upstream = await startUpstream(scope);
    const gateway = await startGateway(scope, remoteConfig({
      endpoint: upstream.endpoint, issuer: provider.issuer, workers: 2, provider: refreshEachSecond,
    }));
    const [oldKey] = provider.keys;
    const oldToken = await issueAccessToken(provider, {scope: 'orders:read'});
    await assertAccepted(gateway, oldToken);
    const tokens = [oldToken];
    let turn = 0;
    const load = startLoad(scope, gateway, {perSecond: 500, token: () => tokens[turn++ % tokens.length]});
    await eventually('a second of load', () => load.sent >= 500);
    const useKey = async (added, kept) => {
      await provider.useKeys([added, kept]);
      const token = await issueAccessToken(provider, {scope: 'orders:read'});
      assert.equal(kidOf(token), provider.keys[0].kid);
      tokens.push(token);
      const sentBefore = load.sent;
      await eventually('a second of load', () => load.sent >= sentBefore + 500);
    };
    const newKey = await makeKey('RS256');
    await useKey(newKey, oldKey);
    tokens.shift();
    await load.answers();  // of the key that is withdrawn nothing is under way any more
    await useKey(await makeKey('RS256'), newKey);
    assert.deepEqual(Object.keys(tally(await load.stop())), ['200']);
    await eventually('the withdrawn key is gone', async () => (await providerOf(gateway)).keys.every(({kid}) => kid !== oldKey.kid));
    for (let i = 0; i < 8; ++i) assert.equal((await ask(gateway, oldToken)).status, 401);
  });
});

describe('a new key', () => {
  it('is fetched once for 500 concurrent requests, and all of them are served', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {provider: refreshSeldom, workers: 2});
    await ready(gateway);
    const added = await makeKey('ES256');
    server.keys = [...server.keys, added];
    const held = server.hold(keysPath);
    const client = makeClient(scope, gateway, {connections: 500});
    const tokens = await Promise.all(Array.from({length: 500}, () => token({}, {}, added)));
    const results = tokens.map((each) => client.get('/orders', each));
    await eventually('500 waiting requests', async () => await gateway.metric('postern_jwks_waiting_requests', {provider: 'shop'}) === 500);
    await assertAccepted(gateway, await token());
    held.release();
    assert.deepEqual(tally(await within('the answers', Promise.all(results))), {200: 500});
    assert.equal(server.fetches, 2);
    assert.equal(await gateway.metric('postern_jwks_waiting_requests'), 0);
    assert.equal(await gateway.metric('postern_jwks_keys', {provider: 'shop'}), 2);
  });

  it('of a kid that the set has under another algorithm is fetched too', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {provider: refreshSeldom});
    await assertAccepted(gateway, await token());
    const twin = await makeKey('RS256', {kid: key.kid});
    server.keys = [key, twin];
    await assertAccepted(gateway, await token({}, {}, twin));
    await assertAccepted(gateway, await token());
  });
});

describe('a withdrawn key', () => {
  it('is refused after the refresh, though its token was verified before; the others stay verified', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {provider: refreshEachSecond});
    const kept = await makeKey('ES256');
    server.keys = [key, kept];
    const [withdrawnToken, keptToken] = [await token(), await token({}, {}, kept)];
    for (let i = 0; i < 2; ++i) for (const each of [withdrawnToken, keptToken]) await assertAccepted(gateway, each);
    server.keys = [kept];
    await eventually('the refusal', async () => (await ask(gateway, withdrawnToken)).status === 401);
    await assertAccepted(gateway, keptToken);
    assert.deepEqual((await providerOf(gateway)).keys.map(({kid}) => kid), [kept.kid]);
  });

  it('is not replaced by another key of the same kid without the tokens of the first being refused', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {provider: refreshEachSecond});
    const before = await token();
    await assertAccepted(gateway, before);
    const impostor = await makeKey('ES256', {kid: key.kid});
    server.keys = [impostor];
    await eventually('the new key', async () => (await ask(gateway, await token({}, {}, impostor))).status === 200);
    assert.equal((await ask(gateway, before)).reason, 'signature_invalid');
  });
});

describe('unknown kids', () => {
  // Sends `count` tokens of random kids; how often each status came.
  async function flood(client, token, count) {
    const results = [];
    for (let left = count; left > 0; left -= 500) {
      results.push(...await Promise.all(Array.from({length: Math.min(left, 500)}, () => client.get('/orders', withRandomKid(token)))));
    }
    return tally(results);
  }

  it('10,000 of them cause a burst of two fetches, and throw nothing out of the cache', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {provider: {...refreshSeldom, unknown_kid_cooldown: '1h'}, workers: 1}); // which has one cache
    const good = await token();
    await assertAccepted(gateway, good);
    const client = makeClient(scope, gateway, {connections: 32});
    assert.deepEqual(await flood(client, await token(), 10_000), {401: 10_000});
    assert.equal(server.fetches, 3);
    assert.equal(await gateway.metric('postern_auth_decisions_total', {reason: 'key_unknown'}), 10_000);
    assert.ok(await gateway.metric('postern_jwks_unknown_kid_refusals_total', {provider: 'shop'}) > 9_000);
    const [hits, misses] = [await gateway.metric('postern_token_cache_hits_total'), await gateway.metric('postern_token_cache_misses_total')];
    await assertAccepted(gateway, good);
    assert.equal(await gateway.metric('postern_token_cache_hits_total'), hits + 1);
    assert.equal(await gateway.metric('postern_token_cache_misses_total'), misses);
  });

  it('cause one more fetch for each cooldown, and a key published meanwhile is found by it', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {provider: {...refreshSeldom, unknown_kid_cooldown: '1s'}, workers: 2});
    await ready(gateway);
    const client = makeClient(scope, gateway, {connections: 32});
    const like = await token();
    const begin = performance.now();
    while (server.fetches < 7) assert.deepEqual(Object.keys(await flood(client, like, 500)), ['401']);
    const times = server.requestsOf(keysPath).map(({at}) => at);
    // The first load, a burst of two, and from then on one for each cooldown. Counted from the begin, which is never seen late: a fetch
    // may be, and then the next comes sooner after it.
    for (let i = 3; i < times.length; ++i) assert.ok(times[i] - begin > (i - 2) * 1000 - 50, `fetches at ${times}, from ${begin} on`);
    const added = await makeKey('ES256');
    server.keys = [...server.keys, added];
    await eventually('the new key', async () => (await ask(gateway, await token({}, {}, added))).status === 200);
  });

  it('in tokens that would be refused anyhow cause no fetch', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {provider: {...refreshSeldom, algorithms: ['ES256']}});
    await ready(gateway);
    const rsa = await makeKey('RS256');
    const past = Math.floor(Date.now() / 1000) - 1000;
    const hopeless = [
      [await token({exp: past, iat: past - 100}, {kid: 'a'}), 'token_expired'],
      [await token({nbf: past + 3000}, {kid: 'b'}), 'token_not_yet_valid'],
      [await token({aud: 'other'}, {kid: 'c'}), 'audience_mismatch'],
      [await token({}, {kid: 'd'}, rsa), 'algorithm_not_allowed'],
      [await token({iss: 'https://other.example'}, {kid: 'e'}), 'issuer_unknown'],
      [await token({}, {kid: 'f', typ: 'dpop+jwt'}), 'type_mismatch'],
    ];
    for (const [each, why] of hopeless) {
      assert.equal((await ask(gateway, each)).status, 401, why);
      assert.equal(server.fetches, 1, `a fetch for a token of ${why}`);
    }
    assert.equal((await ask(gateway, await token({}, {kid: 'g'}))).status, 401);
    assert.equal(server.fetches, 2);
  });

  it('nor do their tokens\' kids stand in a metric, and one of 4 KiB is refused like any other', async (t) => {
    const {gateway, token} = await startRemote(scoped(t));
    await ready(gateway);
    for (const kid of ['kid-of-an-attacker', '../../etc/passwd', "' OR 1=1 --", 'k'.repeat(4096), 'nul\0']) {
      assert.equal((await ask(gateway, await token({}, {kid}))).status, 401);
    }
    assert.doesNotMatch((await gateway.admin('/metrics')).text, /attacker|passwd|OR 1=1|kkkk/);
  });
});

describe('one fetcher for each URL', () => {
  for (const [name, members] of [['discover it', () => ({})], ['name it', ({keysUrl}) => ({jwks_uri: keysUrl})]]) {
    it(`serves every provider, route and worker that ${name}`, async (t) => {
      const {gateway, server, token} = await startRemote(scoped(t), {
        workers: 4,
        provider: (server) => ({...refreshSeldom, ...members(server)}),
        others: (server) => ({bills: {issuer: server.issuer, audiences: ['bills-api'], ...refreshSeldom, ...members(server)}}),
        routes: [{name: 'bills', match: {path_prefix: '/bills'}, upstream: 'orders', jwt: {providers: ['bills']}}],
      });
      await Promise.all(Array.from({length: 40}, async () => assertAccepted(gateway, await token())));
      await assertAccepted(gateway, await token({aud: 'bills-api'}), '/bills');
      assert.equal(server.fetches, 1);
      for (const provider of ['shop', 'bills']) assert.equal(await gateway.metric('postern_jwks_keys', {provider}), 1);
    });
  }
});

describe('providers that share a URL', () => {
  it('never fetch it at the same time, whatever way they found to it', async (t) => {
    let [now, most] = [0, 0];
    const {gateway, server, token} = await startRemote(scoped(t), {
      provider: refreshEachSecond,
      others: (server) => ({direct: {issuer: server.issuer, jwks_uri: server.keysUrl, audiences: ['direct'], ...refreshEachSecond}}),
      prepare(server, key) {
        const answer = answers.json({keys: [key.jwk]});
        server.on(keysPath, (...call) => {
          most = Math.max(most, ++now);
          setTimeout(() => { --now; answer(...call); }, 300);  // a slow provider
        });
      },
      routes: [{name: 'direct', match: {path_prefix: '/direct'}, upstream: 'orders', jwt: {providers: ['direct']}}],
    });
    await assertAccepted(gateway, await token());
    await server.fetched(6);
    assert.equal((await ask(gateway, await token({aud: 'direct'}), '/direct')).status, 200);
    assert.equal(most, 1);
  });

  it('have their keys as fresh as the strictest of them wants', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {
      provider: {...refreshEachSecond, max_stale: '2s'},
      others: (server) => ({later: {issuer: server.issuer, audiences: ['later'], ...refreshSeldom}}),
      routes: [{name: 'later', match: {path_prefix: '/later'}, upstream: 'orders', jwt: {providers: ['later']}}],
    });
    const good = await token();
    await assertAccepted(gateway, good);
    await server.fetched(3);
    await server.stop();
    await eventually('the end of max_stale', async () => (await ask(gateway, good)).status === 503);
  });
});

describe('a set that holds a key without a kid', () => {
  it('is fetched again for a kid that it does not have', async (t) => {
    const nameless = await makeKey('ES256');
    delete nameless.jwk.kid;
    const {gateway, server, token} = await startRemote(scoped(t), {provider: refreshSeldom, prepare(server) { server.keys.push(nameless); }});
    await assertAccepted(gateway, await token());
    const added = await makeKey('ES256');
    server.keys = [added, nameless];
    await assertAccepted(gateway, await token({}, {}, added));
    assert.equal(server.fetches, 2);
  });
});
