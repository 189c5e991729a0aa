// Keys that are kept in files for a start without their provider.
import assert from 'node:assert/strict';
import {existsSync, chmodSync, readFileSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {answers, keysPath, metadataPath} from './harness/key_server.mjs';
import {runPostern} from './harness/program.mjs';
import {
  ask, assertAccepted, assertUnavailable, inState, makeClient, providerOf, ready, refreshEachSecond, refreshSeldom,
  startRemote,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {makeKey} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

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

  it('is read by `postern explain`, which neither writes a file nor makes the folder', async (t) => {
    const scope = scoped(t);
    const {server, config, token, folder, file} = await startAndEnd(scope);
    const explain = async () => {
      const configFile = scope.file('explain.yaml', config);
      return runPostern(['explain', '-c', configFile, '--request', 'GET /orders', await token()]);
    };
    const stamp = () => [statSync(file).ino, statSync(file).mtimeMs];
    const before = stamp();
    const cold = await explain();
    assert.equal(cold.code, 0, cold.stdout + cold.stderr);
    await server.start();
    assert.equal((await explain()).code, 0);
    assert.deepEqual(stamp(), before);
    assert.equal(readdirSync(folder).length, 1);
    config.key_cache_dir = `${folder}-of-nobody`;
    assert.equal((await explain()).code, 0);
    assert.ok(!existsSync(config.key_cache_dir));
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
