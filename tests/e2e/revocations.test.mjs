// Revocation of other providers' tokens by a gateway without a token service, in either store.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, describe, it} from 'node:test';

import WebSocket, {WebSocketServer} from 'ws';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {runPostern} from './harness/program.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {startRedis} from './harness/redis.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {exchange} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {issuer, jwks, makeKey, mint, now} from './harness/tokens.mjs';
import {eventually, sanitized, within} from './harness/waiting.mjs';

const isReady = async (gateway) => (await gateway.admin('/readyz')).status === 200;

// A gateway that keeps what is revoked in `store`; it is ready.
async function startRevoking(scope, keys, upstream, store, more = {}) {
  const config = standardConfig({
    endpoint: upstream.endpoint, jwksFile: scope.file('jwks.json', jwks(...keys)), revocations: {store}, ...more,
  });
  const gateway = await startGateway(scope, config);
  await eventually('the gateway is ready', () => isReady(gateway));
  return gateway;
}

async function use(scope, gateway, token, path = '/orders') {
  const {response, client} = await exchange(scope, gateway.port, request('GET', path, [bearer(token)]));
  client.socket.destroy();
  return response;
}
async function assertAccepted(scope, gateway, token) {
  const response = await use(scope, gateway, token);
  assert.equal(response.status, 200, response.text);
}
async function assertRevoked(scope, gateway, token) {
  assertErrorReply(await use(scope, gateway, token), {status: 401, reason: 'token_revoked'});
}

async function post(gateway, revocation) {
  const {status, text} = await gateway.admin('/revocations', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(revocation),
  });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

// The command line that says the same.
async function runRevoke(gateway, revocation) {
  const flags = Object.entries(revocation).flatMap(([name, value]) => [`--${name.replace('_', '-')}`, `${value}`]);
  const ending = await runPostern(['tokens', 'revoke', ...flags, '--admin', `127.0.0.1:${gateway.adminPort}`]);
  assert.deepEqual([ending.code, ending.stderr], [0, '']);
  return JSON.parse(ending.stdout);
}

const stores = {
  SQLite: (scope) => ({sqlite: join(scope.directory, 'revocations.db')}),
  Redis: async (scope) => ({redis: (await startRedis(scope)).location}),
};

for (const [name, makeStore] of Object.entries(stores)) {
  describe(`two gateways that keep revocations in one ${name}`, () => {
    const scope = scoped();
    let keys, upstream, store, first, second;
    before(async () => {
      keys = [await makeKey('ES256'), await makeKey('RS256')];
      upstream = await startUpstream(scope);
      store = await makeStore(scope);
      first = await startRevoking(scope, keys, upstream, store);
      second = await startRevoking(scope, keys, upstream, store);
    });

    for (const [way, revoke, at] of [['the admin listener', post, now() - 9_000], ['postern tokens revoke', runRevoke, now() - 1_000]]) {
      // A revocation, the claims of a token that it concerns, and of one that it does not.
      const kinds = {
        jti: [{jti: `one by ${way}`}, {jti: `one by ${way}`}, {jti: `two by ${way}`}],
        sid: [{sid: `s by ${way}`}, {sid: `s by ${way}`}, {sid: `t by ${way}`}],
        sub: [{sub: `carol by ${way}`}, {sub: `carol by ${way}`}, {sub: `carl by ${way}`}],
        'a jti that is a number': [{jti: `${at}`}, {jti: at}, {jti: at + 1}],
        'a sid that is a number': [{sid: `${at}`}, {sid: at}, {sid: at + 1}],
        'a sub that is a number': [{sub: `${at}`}, {sub: at}, {sub: at + 1}],
        'sub and an instant': [{sub: 'dave', issued_before: at}, {sub: 'dave', iat: at - 1}, {sub: 'dave', iat: at}],
        'an instant': [{issued_before: at - 50}, {iat: at - 51}, {iat: at - 50}],
      };
      for (const [kind, [revocation, hit, missed]] of Object.entries(kinds)) {
        it(`refuse on both what ${way} revoked by ${kind} on one, and nothing else`, async (t) => {
          const own = scoped(t);
          const [revoked, kept] = [await mint(keys[0], hit), await mint(keys[0], missed)];
          for (const gateway of [first, second]) await assertAccepted(own, gateway, revoked);
          const {revocation: told} = await revoke(first, {...revocation, issuer});
          assert.ok(Math.abs(told.until - now() - 86_400) < 60, `until ${told.until}`);
          await assertRevoked(own, first, revoked);
          await eventually('the other hears of it', async () => (await use(own, second, revoked)).status === 401);
          await assertRevoked(own, second, revoked);
          for (const gateway of [first, second]) await assertAccepted(own, gateway, kept);
        });
      }
    }

    it('say that nobody there has the issuer of a revocation', async () => {
      for (const [one, warning] of [[issuer, undefined], [`${issuer}/`, 'no provider of this gateway has that issuer']]) {
        assert.equal((await post(first, {issuer: one, jti: 'of nobody'})).warning, warning);
      }
    });

    it('go on with what was revoked after a reload and in a new process, and refuse nothing else meanwhile', async (t) => {
      const own = scoped(t);
      const [revoked, kept] = [await mint(keys[0], {jti: 'kept for later'}), await mint(keys[0])];
      await post(first, {jti: 'kept for later', issuer});
      assert.equal((await first.admin('/reload', {method: 'POST'})).status, 200);
      await assertRevoked(own, first, revoked);
      await assertAccepted(own, first, kept);
      const third = await startRevoking(own, keys, upstream, store);
      await assertRevoked(own, third, revoked);
      await assertAccepted(own, third, kept);
    });

    it('tell what they know on the admin listener and in metrics, each once', async () => {
      const {caught_up: caughtUp, ...rest} = JSON.parse((await first.admin('/revocations')).text);
      assert.ok(Math.abs(caughtUp - now()) < 30, `caught up at ${caughtUp}`);
      assert.ok(rest.following);
      assert.ok(rest.count > 0);
      const {text} = await first.admin('/metrics');
      assert.deepEqual(text.match(/^postern_revocations.*$/gm), [`postern_revocations ${rest.count}`, 'postern_revocations_following 1']);
    });

    it('close the WebSockets of a revoked token, and no others', async (t) => {
      const own = scoped(t);
      const server = new WebSocketServer({host: '127.0.0.1', port: 0});
      own.onClose(() => server.close());
      server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await once(server, 'listening');
      const echoing = await startRevoking(own, keys, {endpoint: `http://127.0.0.1:${server.address().port}`}, store);
      const open = async (claims) => {
        const token = await mint(keys[0], claims);
        const socket = new WebSocket(`ws://127.0.0.1:${echoing.port}/orders`, {headers: {Authorization: `Bearer ${token}`}});
        own.onClose(() => socket.terminate());
        socket.on('error', () => {});
        await within('the socket opens', once(socket, 'open'));
        return socket;
      };
      const [ended, stays] = [await open({sid: 'over'}), await open({sid: 'goes on'})];
      await post(first, {sid: 'over', issuer}); // another gateway: by way of the store
      await eventually('the socket is closed', () => ended.readyState === WebSocket.CLOSED);
      stays.send('hello');
      assert.equal(`${(await within('the echo', once(stays, 'message')))[0]}`, 'hello');
    });

    it('refuse what a stolen key has signed, and nothing of another', async (t) => {
      const own = scoped(t);
      const [stolen, good] = [await mint(keys[1]), await mint(keys[0])];
      await assertAccepted(own, first, stolen);
      await post(first, {kid: keys[1].kid, issuer});
      await assertRevoked(own, first, stolen);
      await assertAccepted(own, first, good);
    });

    it('are checked and explained without the store', async (t) => {
      const token = await mint(keys[0]);
      const checked = await runPostern(['validate', '-c', first.configFile]);
      assert.deepEqual([checked.code, checked.stderr], [0, '']);
      const explained = await runPostern(['explain', '-c', first.configFile, '--request', 'GET /orders', token]);
      assert.equal(explained.code, 0, explained.stdout + explained.stderr);
    });
  });
}

describe('while nobody knows what was revoked', () => {
  it('each route does as its `fail` says, and the gateway is not ready', async (t) => {
    const scope = scoped(t);
    const [key, redis, upstream] = [await makeKey('ES256'), await startRedis(scope), await startUpstream(scope)];
    const lenient = {name: 'news', match: {path_prefix: '/news'}, upstream: 'orders', jwt: {providers: ['shop'], fail: 'open'}};
    const gateway = await startRevoking(scope, [key], upstream, {redis: redis.location}, {
      revocations: {store: {redis: redis.location}, patience: '5s'}, routes: [lenient],
    });
    const [good, revoked] = [await mint(key), await mint(key, {jti: 'known'})];
    await post(gateway, {jti: 'known', issuer});
    const statuses = async () => [(await use(scope, gateway, good)).status, (await use(scope, gateway, good, '/news')).status];
    assert.deepEqual(await statuses(), [200, 200]);

    redis.pause();
    await eventually('the patience is over', async () => (await statuses())[0] === 503);
    assertErrorReply(await use(scope, gateway, good), {status: 503, reason: 'store_unavailable'});
    assert.deepEqual(await statuses(), [503, 200]);
    assertErrorReply(await use(scope, gateway, revoked, '/news'), {status: 401, reason: 'token_revoked'});
    assert.ok(!await isReady(gateway));
    assert.equal(await gateway.metric('postern_revocations_following'), 0);

    redis.resume();
    await eventually('it is heard of again', async () => (await statuses())[0] === 200);
    assert.ok(await isReady(gateway));
  });
});

// So many that they take a while, and less than a gateway waits for at its start.
const many = sanitized ? 20_000 : 200_000;

describe('a gateway whose Redis has many revocations', () => {
  const scope = scoped();
  let key, redis, upstream, good, revoked;
  const lenient = {name: 'news', match: {path_prefix: '/news'}, upstream: 'orders', jwt: {providers: ['shop'], fail: 'open'}};
  const config = (store = {}) => standardConfig({
    endpoint: upstream.endpoint, jwksFile: scope.file('jwks.json', jwks(key)), routes: [lenient],
    revocations: {store: {redis: {...redis.location, ...store}}},
  });
  before(async () => {
    [key, redis, upstream] = [await makeKey('ES256'), await startRedis(scope), await startUpstream(scope)];
    [good, revoked] = [await mint(key), await mint(key, {jti: 'the last one'})];
    await redis.ask('EVAL', `for number = 1, ${many} do
      local value = number == ${many} and 'the last one' or 'token ' .. number
      redis.call('XADD', '{postern}:feed', number .. '-0', 'kind', 'jti', 'issuer', ARGV[1], 'value', value, 'before', '', 'until', ARGV[2])
    end
    redis.call('SET', '{postern}:sequence', ${many})`, '0', issuer, `${Date.now() + 3_600_000}`);
  });
  // What a good token gets on the closed route, and a revoked one on the open one.
  const statuses = (gateway) => Promise.all([use(scope, gateway, good), use(scope, gateway, revoked, '/news')])
    .then((responses) => responses.map(({status}) => status));

  it('judges right from its first request on', async () => {
    const gateway = await startGateway(scope, config());
    assert.deepEqual(await statuses(gateway), [200, 401]);
    assert.equal(await gateway.metric('postern_revocations'), many);
  });

  it('judges right while a reload changes how the store is asked', async () => {
    const gateway = await startGateway(scope, config());
    writeFileSync(gateway.configFile, JSON.stringify(config({timeout: '900ms'})));
    let over = false;
    const seen = new Set();
    const ask = async () => { while (!over) seen.add(`${await statuses(gateway)}`); };
    const asking = ask();
    assert.equal((await gateway.admin('/reload', {method: 'POST'})).status, 200);
    for (let i = 0; i < 50; ++i) seen.add(`${await statuses(gateway)}`);
    over = true;
    await asking;
    assert.deepEqual([...seen], ['200,401']);
  });

  it('refuses a reload whose store does not answer, and goes on with what it knows', async () => {
    const gateway = await startGateway(scope, config());
    writeFileSync(gateway.configFile, JSON.stringify(config({url: `redis://127.0.0.1:${await freePort()}`})));
    const {status, text} = await gateway.admin('/reload', {method: 'POST'});
    assert.notEqual(status, 200);
    assert.match(text, /the store of this configuration does not answer/);
    assert.deepEqual(await statuses(gateway), [200, 401]);
  });
});

it('a file that cannot be used ends the start, and is named', async (t) => {
  const scope = scoped(t);
  const jwksFile = scope.file('jwks.json', jwks(await makeKey('ES256')));
  const sqlite = scope.file('no.db', 'this is no database '.repeat(100));
  const config = standardConfig({endpoint: 'http://127.0.0.1:9', jwksFile, revocations: {store: {sqlite}}});
  const {code, stderr} = await runPostern(['run', '-c', scope.file('postern.yaml', config)]);
  assert.equal(code, 78);
  assert.match(stderr, /revocations\.store\.sqlite: /);
});
