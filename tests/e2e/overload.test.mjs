// An upstream gets as many requests at once as it may have (`max_requests`); one more is told so at once.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import {makeAuthority} from './harness/certificates.mjs';
import {startGateway} from './harness/gateway.mjs';
import {connect} from './harness/raw_client.mjs';
import {ok, startUpstream} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

// A gateway in front of an upstream that answers when it is told to, and may have `most` requests at once.
async function startHolding(scope, most, {secure, tls, ...changes} = {}) {
  const held = [];
  const key = await makeKey('ES256');
  const upstream = await startUpstream(scope, {secure, answer: () => new Promise((resolve) => held.push(resolve))});
  const config = standardConfig({
    jwksFile: scope.file('jwks.json', jwks(key)),
    upstreams: {orders: {endpoints: [upstream.endpoint], ...(tls && {tls}), max_requests: most}},
    ...changes,
  });
  return {
    key, upstream, config, held,
    gateway: await startGateway(scope, config),
    // Answers those that are there.
    release: (answer = ok) => held.splice(0).forEach((resolve) => resolve(answer)),
    holds: (count) => eventually(`${count} requests are under way`, () => held.length === count),
  };
}

// Each on a connection of its own.
const clients = (scope, gateway, count) => Promise.all(Array.from({length: count}, () => connect(scope, gateway.port)));
const ask = (client, target) => client.send(request('GET', target));

async function assertIsRefused(client) {
  const response = await client.response();
  assert.equal(response.status, 503);
  assert.equal(response.get('retry-after'), '1');
  assert.equal(response.json.reason, 'upstream_overloaded');
}

// After what took the one place is over the next request gets it.
async function assertPlaceIsFree(scope, {gateway, upstream}) {
  upstream.answer = () => ok;
  const client = await connect(scope, gateway.port);
  await eventually('the place is free', async () => {
    ask(client, '/open/next');
    return (await client.response()).status === 200;
  });
}

const reload = (gateway, config) => {
  writeFileSync(`${gateway.configFile}.new`, JSON.stringify(config));
  renameSync(`${gateway.configFile}.new`, gateway.configFile);
  return gateway.admin('/reload', {method: 'POST'});
};

describe('max_requests', () => {
  it('lets as many through and no more, and the upstream sees nothing of the others', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream, holds, release} = await startHolding(scope, 3);
    const served = await clients(scope, gateway, 3);
    served.forEach((client, index) => ask(client, `/open/${index}`));
    await holds(3);
    const refused = await connect(scope, gateway.port);
    ask(refused, '/open/refused');
    await assertIsRefused(refused);
    const line = await gateway.lineOf('/open/refused');
    assert.equal(line.status, 503);
    assert.equal(line.reason, 'upstream_overloaded');
    assert.equal(line.side, 'upstream');
    assert.match(line.detail, /^3 requests/);
    assert.equal(await gateway.metric('postern_http_requests_total', {route: 'open', code: 503}), 1);
    release();
    for (const client of served) assert.equal((await client.response()).status, 200);
    assert.doesNotMatch(upstream.bytes, /refused/);
  });

  it('answers the others on connections that go on, whatever their bodies', async (t) => {
    const scope = scoped(t);
    const {gateway, holds, release, upstream} = await startHolding(scope, 1);
    const [served, refused] = await clients(scope, gateway, 2);
    ask(served, '/open/held');
    await holds(1);
    for (const body of [undefined, 'a body of some bytes']) {
      refused.send(request(body ? 'POST' : 'GET', '/open/refused', [], body));
      await assertIsRefused(refused);
    }
    upstream.answer = () => ok;
    release();
    assert.equal((await served.response()).status, 200);
    ask(refused, '/open/after');
    assert.equal((await refused.response()).status, 200);
  });

  it('judges the token first: who is refused learns nothing of the upstream', async (t) => {
    const scope = scoped(t);
    const {gateway, key, holds, release} = await startHolding(scope, 1);
    const [served, stranger, known] = await clients(scope, gateway, 3);
    ask(served, '/open/held');
    await holds(1);
    ask(stranger, '/orders');
    assert.equal((await stranger.response()).status, 401);
    known.send(request('GET', '/orders', [bearer(await mint(key))]));
    await assertIsRefused(known);
    release();
    assert.equal((await served.response()).status, 200);
  });

  it('counts over all workers', async (t) => {
    const scope = scoped(t);
    const most = 16;
    const {gateway, upstream, held, holds, release} = await startHolding(scope, most, {workers: 2});
    // The kernel spreads them: that one worker gets none of 64 happens once in 2^63.
    const all = await clients(scope, gateway, 4 * most);
    all.forEach((client) => ask(client, '/open/x'));
    await holds(most);
    await eventually('the others have their answers', () => all.filter((client) => client.text).length === 3 * most);
    release();
    const statuses = (await Promise.all(all.map((client) => client.response()))).map(({status}) => status);
    assert.equal(statuses.filter((status) => status === 200).length, most);
    assert.equal(statuses.filter((status) => status === 503).length, 3 * most);
    assert.equal(upstream.requests.length, most);
    assert.equal(held.length, 0);
  });

  it('keeps an upstream as busy as it may be, whatever comes beyond that', async (t) => {
    const scope = scoped(t);
    const most = 8;
    const {gateway, upstream, holds, release} = await startHolding(scope, most);
    const all = await clients(scope, gateway, 2 * most);
    for (let round = 1; round <= 5; ++round) {
      all.forEach((client) => ask(client, `/open/${round}`));
      await holds(most);
      await eventually('half have their answers', () => all.filter((client) => client.text).length === most);
      release();
      const statuses = (await Promise.all(all.map((client) => client.response()))).map(({status}) => status);
      assert.equal(statuses.filter((status) => status === 200).length, most);
      assert.equal(upstream.requests.length, round * most);
    }
  });
});

describe('a place is given back', () => {
  it('when the upstream dies in the middle of a body', async (t) => {
    const scope = scoped(t);
    const standard = await startHolding(scope, 1);
    const {gateway, upstream} = standard;
    upstream.answer = (_, {socket}) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    const client = await connect(scope, gateway.port);
    ask(client, '/open/half');
    await client.ended();
    await assertPlaceIsFree(scope, standard);
  });

  it('when the client leaves', async (t) => {
    const scope = scoped(t);
    const standard = await startHolding(scope, 1);
    const client = await connect(scope, standard.gateway.port);
    ask(client, '/open/left');
    await standard.holds(1);
    client.socket.destroy();
    await assertPlaceIsFree(scope, standard);
  });

  it('when the upstream does not answer in time', async (t) => {
    const scope = scoped(t);
    const standard = await startHolding(scope, 1, {timeouts: {response: '300ms'}});
    const client = await connect(scope, standard.gateway.port);
    ask(client, '/open/late');
    assert.equal((await client.response()).status, 504);
    await assertPlaceIsFree(scope, standard);
  });

  it('when a tunnel is over, and not before', async (t) => {
    const scope = scoped(t);
    const standard = await startHolding(scope, 1);
    const {gateway, upstream} = standard;
    upstream.answer = () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n';
    const [talking, refused] = await clients(scope, gateway, 2);
    talking.send(request('GET', '/open/tunnel', ['Connection: Upgrade', 'Upgrade: chat']));
    await talking.until('the tunnel', (text) => text.includes('101'));
    ask(refused, '/open/refused');
    await assertIsRefused(refused);
    talking.socket.destroy();
    await assertPlaceIsFree(scope, standard);
  });
});

describe('a reload', () => {
  for (const secure of [false, true]) {
    it(`goes on counting the requests of an upstream that may have as many as before${secure ? ', with TLS' : ''}`, async (t) => {
      const scope = scoped(t);
      const authority = secure && await makeAuthority(scope);
      const {gateway, config, holds, release} = await startHolding(scope, 1, secure ? {
        secure: (await authority.issue('127.0.0.1')).secure, tls: {ca_file: authority.certificateFile},
      } : {});
      const [served, refused] = await clients(scope, gateway, 2);
      ask(served, '/open/held');
      await holds(1);
      assert.equal((await reload(gateway, {...config, timeouts: {response: '50s'}})).status, 200);
      const pooledLess = {orders: {...config.upstreams.orders, pool: {idle: '7s'}}};
      assert.equal((await reload(gateway, {...config, upstreams: pooledLess})).status, 200);
      ask(refused, '/open/refused');
      await assertIsRefused(refused);
      release();
      assert.equal((await served.response()).status, 200);
    });
  }
});
