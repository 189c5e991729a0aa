// Reloads of a gateway whose providers publish their keys: they are kept, and fetched on, as far as the change allows.
import assert from 'node:assert/strict';
import {existsSync, readdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';

import {startGateway} from './harness/gateway.mjs';
import {keysPath} from './harness/key_server.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {
  ask, assertAccepted, inState, makeClient, providerOf, refreshEachSecond, refreshSeldom, startLoad, startRemote, tally,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {eventually, within} from './harness/waiting.mjs';

describe('SIGHUP', () => {
  const reload = (gateway, config) => {
    writeFileSync(`${gateway.configFile}.new`, JSON.stringify(config));
    renameSync(`${gateway.configFile}.new`, gateway.configFile);
    gateway.signal('SIGHUP');
  };
  const version = (text) => ({name: 'version', match: {path: '/version'}, direct_response: {body: text}, public: true});
  const inVersion = (gateway, text) => eventually(`version ${text}`, async () => (await ask(gateway, undefined, '/version')).text === text);

  it('keeps the keys and their schedule: no fetch, no refusal', async (t) => {
    const scope = scoped(t);
    const {gateway, server, config, token} = await startRemote(scope, {provider: refreshSeldom, routes: [version('0')]});
    const good = await token();
    await assertAccepted(gateway, good);
    const load = startLoad(scope, gateway, {perSecond: 200, token: () => good});
    for (let i = 1; i <= 5; ++i) {
      config.routes[0] = version(`${i}`);
      config.providers.shop.leeway = `${i}s`;
      reload(gateway, config);
      await inVersion(gateway, `${i}`);
      assert.equal((await providerOf(gateway)).state, 'ready');
    }
    assert.deepEqual(Object.keys(tally(await load.stop())), ['200']);
    assert.equal(server.fetches, 1);
  });

  for (const [name, spoil] of Object.entries({
    'a port that is taken': async (config, scope) => {
      const {endpoint} = await startUpstream(scope);
      config.listeners.push({address: new URL(endpoint).host});
    },
    'a certificate that is none': (config, scope) => {
      const tls = {ca_file: scope.file('no-certificate.pem', 'nothing')};
      config.upstreams.other = {endpoints: ['https://127.0.0.1:1'], tls};
    },
  })) {
    it(`refused for ${name} changes nothing of keys that are fetched`, async (t) => {
      const scope = scoped(t);
      const {gateway, server, config, token} = await startRemote(scope, {provider: refreshEachSecond});
      const good = await token();
      await assertAccepted(gateway, good);
      await server.stop();
      await eventually('keys that are older than a second', async () => (await providerOf(gateway)).age_seconds > 1);
      const strict = structuredClone(config);
      strict.providers.shop.max_stale = '1s';
      const refused = structuredClone(strict);
      await spoil(refused, scope);
      reload(gateway, refused);
      await eventually('the refusal', async () => await gateway.metric('postern_config_last_reload_successful') === 0);
      const {failures_in_a_row: failures} = await providerOf(gateway);
      await eventually('a look at the keys', async () => (await providerOf(gateway)).failures_in_a_row > failures, 40_000);
      await assertAccepted(gateway, good);
      reload(gateway, strict);
      await eventually('the end of max_stale', async () => (await ask(gateway, good)).reason === 'keys_unavailable');
    });
  }

  it('brings other times at once: a fetch that was an hour away is due now', async (t) => {
    const {gateway, server, config, token} = await startRemote(scoped(t), {provider: refreshSeldom});
    await assertAccepted(gateway, await token());
    Object.assign(config.providers.shop, refreshEachSecond);
    reload(gateway, config);
    await server.fetched(3);
  });

  it('may add the folder for kept keys: what a later 304 writes there is the whole set', async (t) => {
    const scope = scoped(t);
    const {gateway, server, config, token} = await startRemote(scope, {provider: refreshEachSecond, prepare(server) { server.etag = true; }});
    await assertAccepted(gateway, await token());
    config.key_cache_dir = join(scope.directory, 'kept');
    reload(gateway, config);
    await eventually('a kept file', () => existsSync(config.key_cache_dir) && readdirSync(config.key_cache_dir).length === 1);
    await gateway.stop();
    await server.stop();
    await assertAccepted(await startGateway(scope, config), await token());
  });

  for (const [name, change] of Object.entries({
    'other headers': (shop, scope) => { shop.fetch_headers_file = scope.file('other.headers', 'X-Api-Key: two\n'); },
    'one more issuer': (shop) => { shop.issuer = [shop.issuer, `${shop.issuer}/second`]; },
    'link-local addresses allowed': (shop) => { shop.allow_link_local = true; },
  })) {
    it(`keeps the keys over an outage when a provider gets ${name}`, async (t) => {
      const scope = scoped(t);
      const {gateway, server, config, token} = await startRemote(scope, {provider: refreshSeldom, routes: [version('old')]});
      await assertAccepted(gateway, await token());
      await server.stop();
      config.routes[0] = version('new');
      change(config.providers.shop, scope);
      reload(gateway, config);
      await inVersion(gateway, 'new');
      await assertAccepted(gateway, await token());
      await inState(gateway, 'stale');
      await server.start();
      await inState(gateway, 'ready');
    });
  }

  it('fetches the keys of a provider that is new, and forgets one that is gone', async (t) => {
    const scope = scoped(t);
    const {gateway, server, config, token} = await startRemote(scope, {provider: refreshEachSecond});
    await assertAccepted(gateway, await token());
    const other = await startRemote(scope);
    config.providers.shop.issuer = other.server.issuer;
    reload(gateway, config);
    await eventually('the other provider', async () => (await ask(gateway, await other.token())).status === 200);
    assert.equal((await ask(gateway, await token())).reason, 'issuer_unknown');
    await inState(gateway, 'ready');
    const [fetchesThen, othersThen] = [server.fetches, other.server.fetches];
    await other.server.fetched(othersThen + 2);
    assert.ok(server.fetches <= fetchesThen + 1, 'the old provider is still asked');
  });

  for (const [name, change] of [['keeps', () => {}], ['drops', (shop) => { shop.issuer = 'http://127.0.0.1:1'; }]]) {
    it(`lets requests that wait for keys wait on, when it ${name} their provider`, async (t) => {
      const scope = scoped(t);
      let held;
      const {gateway, server, config, token} = await startRemote(scope, {
        workers: 2, routes: [version('old')], prepare(server) { held = server.hold(keysPath); },
      });
      const client = makeClient(scope, gateway);
      const tokens = await Promise.all(Array.from({length: 20}, () => token()));
      const results = tokens.map((each) => client.get('/orders', each));
      await eventually('20 waiting requests', async () => await gateway.metric('postern_jwks_waiting_requests') === 20);
      config.routes[0] = version('new');
      change(config.providers.shop);
      reload(gateway, config);
      await inVersion(gateway, 'new');
      held.release();
      assert.deepEqual(tally(await within('the answers', Promise.all(results))), {200: 20});
      assert.equal(server.fetches, 1);
    });
  }
});
