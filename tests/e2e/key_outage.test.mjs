// Providers that are away: from the start, for a while, for good.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {answers, keysPath, metadataPath} from './harness/key_server.mjs';
import {issueAccessToken, startProvider} from './harness/oidc_provider.mjs';
import {connect} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {
  ask, assertAccepted, assertSaysUnavailable, assertUnavailable, inState, makeClient, providerOf, ready,
  refreshEachSecond, refreshSeldom, remoteConfig, startLoad, startRemote, tally,
} from './harness/remote_keys.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, makeKey} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

describe('an outage after warm-up', {concurrency: true}, () => {
  it('is not noticed before max_stale, answers 503 from then on, and heals by itself', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {provider: {...refreshEachSecond, max_stale: '3s'}});
    await ready(gateway);
    const cached = await token();
    await assertAccepted(gateway, cached);
    await server.stop();
    const lastGood = server.requestsOf(keysPath).at(-1).at;
    await inState(gateway, 'stale');
    assert.equal((await gateway.admin('/readyz')).status, 200);
    const statuses = [];
    await eventually('the end of max_stale', async () => {
      statuses.push((await ask(gateway, cached)).status, (await ask(gateway, await token())).status);
      return statuses.at(-1) !== 200;
    });
    const age = performance.now() - lastGood;
    assert.ok(age > 2_900 && age < 6_000, `after ${age} ms`);
    assert.deepEqual(new Set(statuses), new Set([200, 503]));
    for (const each of [cached, await token()]) await assertUnavailable(gateway, each);
    assert.equal((await ask(gateway, undefined, '/open')).status, 200);
    assert.equal((await ask(gateway)).status, 401);
    assert.equal((await gateway.admin('/readyz')).status, 503);
    assert.equal((await providerOf(gateway)).state, 'unavailable');
    await server.start();
    await eventually('it heals', async () => (await ask(gateway, await token())).status === 200, 30_000);
    await assertAccepted(gateway, cached);
    await ready(gateway);
    assert.equal((await providerOf(gateway)).last_error ?? '', '');
  });

  it('of a real provider that comes back with other keys: its new tokens are served at once', async (t) => {
    const scope = scoped(t);
    const provider = await startProvider(scope, {audience});
    const upstream = await startUpstream(scope);
    const gateway = await startGateway(scope, remoteConfig({endpoint: upstream.endpoint, issuer: provider.issuer, provider: refreshEachSecond}));
    const oldToken = await issueAccessToken(provider, {scope: 'orders:read'});
    const load = startLoad(scope, gateway, {perSecond: 100, token: () => oldToken});
    await ready(gateway);
    await provider.stop();
    const {last_error: lastError} = await inState(gateway, 'stale');
    assert.match(lastError, /refused/i);
    await eventually('the log names the outage', () => /shop.*refused/i.test(gateway.stderr));
    assert.deepEqual(Object.keys(tally(await load.stop())), ['200']);
    await provider.useKeys([await makeKey('RS256')]);
    await provider.start();
    const token = await issueAccessToken(provider, {scope: 'orders:read'});
    await eventually('the new key', async () => (await ask(gateway, token)).status === 200, 30_000);
    await eventually('the old key is withdrawn', async () => (await ask(gateway, oldToken)).status === 401, 30_000);
  });
});

describe('a token of a key that nobody has, while fetching fails', {concurrency: true}, () => {
  it('is not refused for good: its key may be there, and is found when the provider is back', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {provider: refreshEachSecond});
    await assertAccepted(gateway, await token());
    await server.stop();
    await inState(gateway, 'stale');
    const added = await makeKey('ES256');
    for (let i = 0; i < 3; ++i) await assertUnavailable(gateway, await token({}, {}, added), '/orders/early');
    assert.match((await gateway.lineOf('/orders/early')).detail, /kid.*fetching keys fails/);
    await assertAccepted(gateway, await token());
    server.keys = [key, added];
    await server.start();
    await eventually('the new key', async () => {
      const {status} = await ask(gateway, await token({}, {}, added));
      assert.ok(status === 200 || status === 503, `${status}`);
      return status === 200;
    }, 30_000);
    assert.equal((await ask(gateway, await token({}, {kid: 'nobodys'}))).status, 401);
  });

  it('is told so by the fetch that it began, too', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {provider: refreshSeldom});
    await assertAccepted(gateway, await token());
    server.on(keysPath, answers.status(503));
    await assertUnavailable(gateway, await token({}, {kid: 'nobodys'}));
    await assertUnavailable(gateway, await token({}, {kid: 'nobodys either'}));
    assert.equal((await ask(gateway, await token({}, {kid: 'nobodys', typ: 'dpop+jwt'}))).status, 401);
  });
});

describe('a cold start without the provider', {concurrency: true}, () => {
  it('is a process that is up: public routes work, protected ones ask for patience, and it heals by itself', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {prepare: (server) => server.stop()});
    await assertUnavailable(gateway, await token());
    assert.equal((await ask(gateway, undefined, '/open')).status, 200);
    assert.equal((await ask(gateway)).status, 401);
    assert.equal((await gateway.admin('/livez')).status, 200);
    assert.equal((await gateway.admin('/readyz')).status, 503);
    await inState(gateway, 'unavailable');
    await server.start();
    await eventually('it heals', async () => (await ask(gateway, await token())).status === 200, 30_000);
    await ready(gateway);
  });

  for (const [name, provider, asked] of [['discovered keys', () => ({}), metadataPath], ['a jwks_uri', ({keysUrl}) => ({jwks_uri: keysUrl}), keysPath]]) {
    it(`500 requests on 50 routes cause one fetch of ${name} for each back-off step`, async (t) => {
      const scope = scoped(t);
      const paths = Array.from({length: 50}, (_, index) => `/cold-${index}`);
      const {gateway, server, token} = await startRemote(scope, {
        workers: 2,
        prepare(server) { server.on(asked, answers.status(500)); },
        provider,
        routes: paths.map((path) => ({name: path.slice(1), match: {path_prefix: path}, upstream: 'orders', jwt: {providers: ['shop']}})),
      });
      const client = makeClient(scope, gateway, {connections: 500});
      const good = await token();
      const steps = () => server.requestsOf(asked);
      while (steps().length < 4) {
        const wave = Array.from({length: 500}, (_, index) => client.get(paths[index % paths.length], good));
        (await within('500 answers', Promise.all(wave))).forEach(assertSaysUnavailable);
      }
      const times = steps().map(({at}) => at);
      const least = [500, 1000, 2000];
      least.forEach((milliseconds, i) => assert.ok(times[i + 1] - times[i] > milliseconds - 30, `fetches at ${times}`));
      assert.equal(await gateway.metric('postern_jwks_waiting_requests'), 0);
      server.heal();
      await eventually('it heals', async () => (await client.get(paths[49], good)).status === 200, 40_000);
    });
  }

  it('refuses nobody in the moment in which the keys arrive', async (t) => {
    for (let round = 0; round < 20; ++round) {
      const scope = scoped(t);
      let held;
      const {gateway, token} = await startRemote(scope, {
        workers: 2, provider: {fetch_timeout: '60s'}, prepare(server) { held = server.hold(keysPath); },
      });
      const client = makeClient(scope, gateway, {connections: 200});
      const good = await token();
      await Promise.all(Array.from({length: 200}, () => client.get('/open')));
      await eventually('the fetch', () => held.waiting === 1);
      held.release();
      const results = [];
      while (results.length < 200) {
        results.push(client.get('/orders', good), client.get('/orders', good));
        await new Promise(setImmediate);
      }
      assert.deepEqual(tally(await within('the answers', Promise.all(results))), {200: 200});
    }
  });

  it('lets clients leave and the process end while they wait', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {
      timeouts: {drain: '500ms'}, provider: {fetch_timeout: '60s'}, prepare(server) { server.on(metadataPath, answers.hang); },
    });
    const waiting = (count) => eventually(`${count} waiting requests`, async () => await gateway.metric('postern_jwks_waiting_requests') === count);
    const [leaver, stayer] = [await connect(scope, gateway.port), await connect(scope, gateway.port)];
    for (const client of [leaver, stayer]) client.send(request('GET', '/orders', [bearer(await token())]));
    await waiting(2);
    leaver.socket.destroy();
    assert.equal((await ask(gateway, undefined, '/open')).status, 200);
    assert.equal(server.requests.length, 1);
    gateway.signal('SIGTERM');
    assert.deepEqual(await within('the end', gateway.running.ended, 10_000), {code: 0, signal: null});
  });
});

describe('ready_when', () => {
  const startWithDeadOther = async (scope, readyWhen) => startRemote(scope, {
    ready_when: readyWhen,
    others: {dead: {issuer: `http://127.0.0.1:${await freePort()}`, audiences: 'any'}},
    routes: [{name: 'dead', match: {path_prefix: '/dead'}, upstream: 'orders', jwt: {providers: ['dead']}}],
  });
  it('any: one provider with keys is enough', async (t) => {
    const {gateway, token} = await startWithDeadOther(scoped(t), 'any');
    await ready(gateway);
    await inState(gateway, 'unavailable', 'dead');
    assert.equal((await gateway.admin('/readyz')).status, 200);
    await assertAccepted(gateway, await token());
  });
  it('all, and by default: one without keys keeps the traffic away, not the requests that come', async (t) => {
    for (const readyWhen of ['all', undefined]) {
      const {gateway, token} = await startWithDeadOther(scoped(t), readyWhen);
      await inState(gateway, 'ready');
      await inState(gateway, 'unavailable', 'dead');
      assert.equal((await gateway.admin('/readyz')).status, 503);
      await assertAccepted(gateway, await token());
    }
  });
  it('none: ready at once', async (t) => {
    const {gateway} = await startRemote(scoped(t), {ready_when: 'none', prepare(server) { server.on(metadataPath, answers.hang); }});
    assert.equal((await gateway.admin('/readyz')).status, 200);
    assert.equal((await providerOf(gateway)).state, 'loading');
  });
});
