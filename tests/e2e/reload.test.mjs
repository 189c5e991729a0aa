// Signals: SIGHUP takes a new configuration between requests, SIGTERM ends after the last one.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {ok} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

const rewrite = (gateway, config) => {
  writeFileSync(`${gateway.configFile}.new`, typeof config === 'string' ? config : JSON.stringify(config));
  renameSync(`${gateway.configFile}.new`, gateway.configFile);
};
const direct = (body) => ({name: 'version', match: {path: '/version'}, direct_response: {body}, public: true});
const versionOf = async (scope, gateway) => (await exchange(scope, gateway.port, request('GET', '/version'))).response.text;
const isRefused = (scope, port) => connect(scope, port).then(() => false, ({code}) => code === 'ECONNREFUSED');

describe('SIGHUP', () => {
  it('takes the new configuration, new keys included, on old connections too', async (t) => {
    const scope = scoped(t);
    const {gateway, config, key} = await startStandard(scope, {routes: [direct('one')]});
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/version'));
    assert.equal((await client.response()).text, 'one');
    const added = await makeKey('ES256');
    writeFileSync(config.providers.shop.jwks_file, JSON.stringify(jwks(key, added)));
    config.routes[0].direct_response.body = 'two';
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    await eventually('the new answer', async () => {
      client.send(request('GET', '/version'));
      return (await client.response()).text === 'two';
    });
    client.send(request('GET', '/orders', [bearer(await mint(added))]));
    assert.equal((await client.response()).status, 200);
    assert.equal(await gateway.metric('postern_config_last_reload_successful'), 1);
  });

  it('takes a larger head on a connection that is never quiet', async (t) => {
    const scope = scoped(t);
    const {gateway, config} = await startStandard(scope, {routes: [direct('one')]});
    const client = await connect(scope, gateway.port);
    const version = async (fields) => {
      client.send(request('GET', '/version', fields));
      return (await client.response()).text;
    };
    assert.equal(await version(), 'one');
    config.limits = {...config.limits, head_bytes: '64KiB'};
    config.routes[0].direct_response.body = 'two';
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    await eventually('the new answer', async () => await version() === 'two');
    assert.equal(await version([`X: ${'x'.repeat(30_000)}`]), 'two');
  });

  it('takes a larger head on a connection that had sent the beginning of it', async (t) => {
    const scope = scoped(t);
    let release;
    const {gateway, config} = await startStandard(scope, {
      upstreamOptions: {answer: (_, {socket}) => { release = () => socket.write(ok); }},
    });
    const client = await connect(scope, gateway.port);
    const large = request('GET', '/open/large', [`X: ${'x'.repeat(30_000)}`]);
    client.send(request('GET', '/open/held') + large.slice(0, 100));
    await eventually('the first request', () => release);
    config.limits = {...config.limits, head_bytes: '64KiB'};
    rewrite(gateway, config);
    assert.equal((await gateway.admin('/reload', {method: 'POST'})).status, 200);
    await gateway.metric('postern_build_info'); // the worker has it
    release();
    assert.equal((await client.response()).status, 200);
    release = undefined;
    client.send(large.slice(100));
    await eventually('the large request', () => release || client.isOver);
    release?.();
    assert.equal((await client.response()).status, 200);
  });

  it('takes a body behind a head that fills the place which a smaller limit gave it', async (t) => {
    const scope = scoped(t);
    const {gateway, config} = await startStandard(scope);
    const client = await connect(scope, gateway.port); // waits with a place for 16 KiB and Inbox::slack
    config.limits = {...config.limits, head_bytes: '64KiB'};
    rewrite(gateway, config);
    assert.equal((await gateway.admin('/reload', {method: 'POST'})).status, 200);
    const start = 'POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: ';
    client.send(`${start}${'x'.repeat(16 * 1024 + 4032 - start.length - 4)}\r\n\r\n`);
    client.send('2\r\nok\r\n0\r\n\r\n');
    assert.equal((await client.response('POST')).status, 200);
  });

  it('refuses a key that was taken away, cached tokens too', async (t) => {
    const scope = scoped(t);
    const {gateway, config, key} = await startStandard(scope);
    const token = await mint(key);
    const status = async () => (await exchange(scope, gateway.port, request('GET', '/orders', [bearer(token)]))).response.status;
    assert.equal(await status(), 200);
    writeFileSync(config.providers.shop.jwks_file, JSON.stringify(jwks(await makeKey('ES256'))));
    gateway.signal('SIGHUP');
    await eventually('the token is refused', async () => await status() === 401);
  });

  it('many times under load: no failed request', async (t) => {
    const scope = scoped(t);
    const {gateway, config, key} = await startStandard(scope, {workers: 2, routes: [direct('0')]});
    const token = await mint(key);
    let stopped = false;
    const statuses = new Map();
    const load = Array.from({length: 8}, async () => {
      const client = await connect(scope, gateway.port);
      while (!stopped) {
        client.send(request('GET', '/orders', [bearer(token)]) + request('POST', '/open', [], 'x'.repeat(20_000)));
        for (let i = 0; i < 2; ++i) {
          const {status} = await client.response();
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }
    });
    for (let version = 1; version <= 20; ++version) {
      config.routes[0].direct_response.body = `${version}`;
      rewrite(gateway, config);
      gateway.signal('SIGHUP');
      await eventually(`version ${version}`, async () => await versionOf(scope, gateway) === `${version}`);
    }
    stopped = true;
    await within('the load ends', Promise.all(load));
    assert.deepEqual([...statuses.keys()], [200]);
  });

  it('keeps the old configuration when the new one is bad, and says why', async (t) => {
    const scope = scoped(t);
    const {gateway, config} = await startStandard(scope, {routes: [direct('good')]});
    rewrite(gateway, 'listeners: [{addres: "127.0.0.1:0"}]\n');
    gateway.signal('SIGHUP');
    await eventually('the refusal on stderr', () => /addres/.test(gateway.stderr));
    assert.match(gateway.stderr, /postern-\d+\.yaml:1:\d+/);
    assert.equal(await versionOf(scope, gateway), 'good');
    assert.equal(await gateway.metric('postern_config_last_reload_successful'), 0);
    assert.match((await gateway.admin('/config')).text, /addres/);
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    await eventually('the metric is well again', async () => await gateway.metric('postern_config_last_reload_successful') === 1);
  });

  it('keeps the old keys when the new key file is broken', async (t) => {
    const scope = scoped(t);
    const {gateway, config, key} = await startStandard(scope);
    writeFileSync(config.providers.shop.jwks_file, '{"keys": [');
    gateway.signal('SIGHUP');
    await eventually('the refusal', async () => await gateway.metric('postern_config_last_reload_successful') === 0);
    assert.equal((await exchange(scope, gateway.port, request('GET', '/orders', [bearer(await mint(key))]))).response.status, 200);
  });

  it('warns of what needs a restart, as long as the file differs from what was started with', async (t) => {
    const {gateway, config} = await startTokenService(scoped(t));
    const warnings = async (changes) => {
      const before = gateway.stderr.length;
      rewrite(gateway, {...config, ...changes});
      gateway.signal('SIGHUP');
      const told = () => gateway.stderr.slice(before);
      await eventually('the reload is over', () => /reloaded\n/.test(told()));
      return [...told().matchAll(/(\S+): the change needs a restart/g)].map(([, path]) => path);
    };
    const changed = {
      workers: config.workers + 1,
      access_log: 'off',
      admin: {address: 'off'},
      token_service: {...config.token_service, hashing_threads: 2},
    };
    const all = ['workers', 'admin.address', 'access_log', 'token_service.hashing_threads'];
    assert.deepEqual(await warnings(changed), all);
    assert.deepEqual(await warnings(changed), all);
    assert.deepEqual(await warnings({}), []);
  });

  it('opens a new listener and closes one that is gone', async (t) => {
    const scope = scoped(t);
    const {gateway, config} = await startStandard(scope, {routes: [direct('here')]});
    const port = await freePort();
    config.listeners.push({address: `127.0.0.1:${port}`});
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    const kept = await eventually('the new listener', () => connect(scope, port).catch(() => undefined));
    const answer = async () => {
      kept.send(request('GET', '/version'));
      return (await kept.response()).text;
    };
    assert.equal(await answer(), 'here');
    assert.equal(await versionOf(scope, gateway), 'here');

    config.listeners.pop();
    config.routes[0].direct_response.body = 'there';
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    await eventually('new connections are refused', () => isRefused(scope, port));
    assert.equal(await answer(), 'there');
    assert.equal(await versionOf(scope, gateway), 'there');
  });
});

describe('SIGTERM', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`${signal} lets the request in flight finish, takes no new connection, and ends with 0`, async (t) => {
      const scope = scoped(t);
      let release;
      const {gateway, upstream} = await startStandard(scope, {
        upstreamOptions: {answer: (_, {socket}) => { release = () => socket.write(ok); }},
      });
      const client = await connect(scope, gateway.port);
      const idle = await connect(scope, gateway.port);
      client.send(request('GET', '/open'));
      await upstream.received(1);
      gateway.signal(signal);
      await idle.ended();
      await eventually('no new connection is taken', () => connect(scope, gateway.port).then((late) => late.isOver, () => true));
      assert.equal(gateway.running.over, false);
      release();
      const response = await client.response();
      assert.equal(response.text, 'ok');
      assert.match(response.get('connection') ?? '', /close/);
      assert.deepEqual(await within('the end', gateway.running.ended), {code: 0, signal: null});
    });
  }

  it('finishes an upload that is under way', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    const client = await connect(scope, gateway.port);
    client.send(request('POST', '/open', ['Content-Length: 10'], 'first'));
    await eventually('the first half', () => upstream.bytes.endsWith('first'));
    const idle = await connect(scope, gateway.port);
    gateway.signal('SIGTERM');
    await idle.ended();
    client.send('other');
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.last.text, 'firstother');
  });

  it('does not wait longer than the drain timeout', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {drain: '500ms'}, upstreamOptions: {answer: () => undefined}});
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await upstream.received(1);
    gateway.signal('SIGTERM');
    assert.deepEqual(await within('the end', gateway.running.ended, 10_000), {code: 0, signal: null});
  });

  it('leaves nothing to requests in flight when the drain timeout is 0s', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {drain: '0s'}, upstreamOptions: {answer: () => undefined}});
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await upstream.received(1);
    assert.equal((await gateway.admin('/drain', {method: 'POST'})).status, 202); // the operator still gets the answer
    await client.ended();
    assert.deepEqual(await within('the end', gateway.running.ended, 10_000), {code: 0, signal: null});
  });

  it('lets no reload open a listener again', async (t) => {
    const scope = scoped(t);
    let release;
    const {gateway, config, upstream} = await startStandard(scope, {
      upstreamOptions: {answer: (_, {socket}) => { release = () => socket.write(ok); }},
    });
    const client = await connect(scope, gateway.port);
    const idle = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await upstream.received(1);
    gateway.signal('SIGTERM');
    await idle.ended();
    const port = await freePort();
    config.listeners.push({address: `127.0.0.1:${port}`});
    rewrite(gateway, config);
    gateway.signal('SIGHUP');
    await eventually('the reload is over', () => /reload/.test(gateway.stderr));
    assert.match(gateway.stderr, /reload refused: .*drain/);
    assert.equal(await isRefused(scope, port), true);
    const asked = await gateway.admin('/reload', {method: 'POST'});
    assert.equal(asked.status, 422);
    assert.match(asked.text, /drain/);
    assert.equal(await isRefused(scope, port), true);
    release();
    assert.equal((await client.response()).status, 200);
    assert.deepEqual(await within('the end', gateway.running.ended), {code: 0, signal: null});
  });

  it('a second time ends at once', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {upstreamOptions: {answer: () => undefined}});
    const client = await connect(scope, gateway.port);
    const idle = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await upstream.received(1);
    gateway.signal('SIGTERM');
    await idle.ended();
    gateway.signal('SIGTERM');
    await within('the end', gateway.running.ended, 10_000);
  });

  it('is told by /readyz while it drains', async (t) => {
    const scope = scoped(t);
    let release;
    const {gateway, upstream} = await startStandard(scope, {
      upstreamOptions: {answer: (_, {socket}) => { release = () => socket.write(ok); }},
    });
    assert.equal((await gateway.admin('/readyz')).status, 200);
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await upstream.received(1);
    gateway.signal('SIGTERM');
    await eventually('not ready', async () => (await gateway.admin('/readyz')).status === 503);
    assert.equal((await gateway.admin('/livez')).status, 200);
    release();
    await client.response();
  });
});

describe('SIGUSR1', () => {
  it('opens the access log anew', async (t) => {
    const scope = scoped(t);
    const log = `${scope.directory}/access.log`;
    const {gateway} = await startStandard(scope, {access_log: log});
    const {readFileSync} = await import('node:fs');
    const has = (file, path) => {
      try {
        return readFileSync(file, 'utf8').includes(path);
      } catch {
        return false;
      }
    };
    await exchange(scope, gateway.port, request('GET', '/open/before'));
    await eventually('the first line', () => has(log, '/open/before'));
    renameSync(log, `${log}.1`);
    gateway.signal('SIGUSR1');
    await eventually('the new file', () => has(log, ''));
    await exchange(scope, gateway.port, request('GET', '/open/after'));
    await eventually('the second line', () => has(log, '/open/after'));
    assert.equal(has(`${log}.1`, '/open/after'), false);
  });
});
