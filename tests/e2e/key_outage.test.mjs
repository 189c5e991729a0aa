// Providers that are away: from the start, for a while, for good; and a start with the keys of an earlier process.
import assert from 'node:assert/strict';
import {existsSync, chmodSync, readFileSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
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

describe('key_cache_dir', {concurrency: 4}, () => {
  // A gateway that loaded its keys and ended; its provider is away. `startAgain(changes)` is the next process.
  async function startAndEnd(scope, options = {}) {
    const folder = join(scope.directory, 'kept');
    const remote = await startRemote(scope, {key_cache_dir: folder, provider: refreshSeldom, ...options});
    await assertAccepted(remote.gateway, await remote.token());
    await eventually('the kept file', () => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json')));
    await remote.gateway.stop();
    await remote.server.stop();
    const [name, ...more] = readdirSync(folder);
    assert.deepEqual(more, []);
    const startAgain = (changes = {}) => {
      Object.assign(remote.config.providers.shop, changes);
      return startGateway(scope, remote.config);
    };
    return {...remote, folder, file: join(folder, name), startAgain};
  }

  it('serves tokens of the kept keys after a start without the provider, and takes its new keys once it is back', async (t) => {
    const {server, token, key, folder, file, startAgain} = await startAndEnd(scoped(t));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const gateway = await startAgain();
    await assertAccepted(gateway, await token());
    const shown = await inState(gateway, 'stale');
    assert.deepEqual(shown.keys.map(({kid}) => kid), [key.kid]);
    assert.equal((await gateway.admin('/readyz')).status, 200);
    const added = await makeKey('ES256');
    server.keys = [added];
    await server.start();
    await inState(gateway, 'ready');
    await assertAccepted(gateway, await token({}, {}, added));
    assert.equal((await ask(gateway, await token())).status, 401);
    await eventually('the new keys are kept', () => readFileSync(file, 'utf8').includes(added.kid));
  });

  it('serves at once while the provider hangs, from the first connection on', async (t) => {
    const scope = scoped(t);
    // Many keys take a while to be read.
    const others = await Promise.all(Array.from({length: 400}, () => makeKey('ES256')));
    const {server, config, token, startAgain} = await startAndEnd(scope, {prepare(server) { server.keys.push(...others); }});
    server.on(metadataPath, answers.hang);
    server.on(keysPath, answers.hang);
    await server.start();
    const port = await freePort();
    config.listeners = [{address: `127.0.0.1:${port}`}];
    for (let i = 0; i < 5; ++i) {
      const starting = startAgain();
      const client = makeClient(scope, {url: `http://127.0.0.1:${port}`}, {connections: 1});
      const good = await token();
      let took;
      const answer = await eventually('an answer', () => {
        const begin = performance.now();
        return client.get('/orders', good).catch(() => undefined).finally(() => { took = performance.now() - begin; });
      });
      assert.equal(answer.status, 200, answer.text);
      assert.ok(took < 2_000, `${took} ms`);
      await (await starting).stop();
    }
  });

  it('keeps no longer than max_stale', async (t) => {
    const {token, file, startAgain} = await startAndEnd(scoped(t));
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    kept.fetched_at -= 7200;
    writeFileSync(file, JSON.stringify(kept));
    const gateway = await startAgain({max_stale: '1h'});
    await assertUnavailable(gateway, await token());
    await gateway.stop();
    await assertAccepted(await startAgain({max_stale: '3h'}), await token());
  });

  it('is not touched by fetches that fail', async (t) => {
    const {file, startAgain} = await startAndEnd(scoped(t));
    const kept = readFileSync(file, 'utf8');
    const gateway = await startAgain();
    await eventually('two failures', async () => (await providerOf(gateway)).failures_in_a_row >= 2);
    assert.equal(readFileSync(file, 'utf8'), kept);
  });

  it('counts max_stale from the last good fetch, one that answered 304 too', async (t) => {
    const scope = scoped(t);
    const folder = join(scope.directory, 'kept');
    const {gateway, server} = await startRemote(scope, {
      key_cache_dir: folder, provider: refreshEachSecond, prepare(server) { server.etag = true; },
    });
    await ready(gateway);
    const fetchedAt = () => JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8')).fetched_at;
    const [first, begin] = [fetchedAt(), server.fetches];
    await server.fetched(begin + 3);
    await eventually('a later time in the file', () => fetchedAt() > first + 1);
  });

  const corruptions = {
    'is no JSON': () => 'not json',
    'is empty': () => '',
    'was cut off': (text) => text.slice(0, text.length / 2),
    'is of another source': (text) => JSON.stringify({...JSON.parse(text), source: 'https://other.example'}),
    'comes from the future': (text) => JSON.stringify({...JSON.parse(text), fetched_at: Date.now() / 1000 + 3600}),
    'holds no keys': (text) => JSON.stringify({...JSON.parse(text), jwks: '{"keys":[]}'}),
    'is too large': (text) => text + ' '.repeat(3 * 1024 * 1024),
  };
  for (const [name, corrupt] of Object.entries(corruptions)) {
    it(`names and ignores a kept file that ${name}, and replaces it`, async (t) => {
      const {server, token, file, startAgain} = await startAndEnd(scoped(t));
      const bad = corrupt(readFileSync(file, 'utf8'));
      writeFileSync(file, bad);
      const gateway = await startAgain();
      await eventually('the log names the file', () => gateway.stderr.includes(file));
      await assertUnavailable(gateway, await token());
      await server.start();
      await eventually('it heals', async () => (await ask(gateway, await token())).status === 200, 30_000);
      await eventually('a good file again', () => readFileSync(file, 'utf8') !== bad);
      await server.stop();
      await gateway.stop();
      await assertAccepted(await startAgain(), await token());
    });
  }

  it('that cannot be written is named, and the keys are used all the same', async (t) => {
    const scope = scoped(t);
    const folder = scope.file('a-file-where-a-folder-should-be', '');
    chmodSync(folder, 0o400);
    const {gateway, token} = await startRemote(scope, {key_cache_dir: folder});
    await assertAccepted(gateway, await token());
    await eventually('the log names it', () => gateway.stderr.includes(folder));
  });
});
