// Each timeout, configured short.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {startFullListener} from './harness/full_listener.mjs';
import {startGateway} from './harness/gateway.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {ok} from './harness/recording_upstream.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {plenty, standstill} from './harness/standing.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const seconds = async (action) => {
  const begin = performance.now();
  await action();
  return (performance.now() - begin) / 1000;
};

describe('timeouts', () => {
  it('head: 408, however the bytes trickle', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {head: '500ms'}});
    const client = await connect(scope, gateway.port);
    client.send('GET /open HTTP/1.1\r\n');
    const trickle = setInterval(() => client.send('X'), 50);
    scope.onClose(() => clearInterval(trickle));
    const took = await seconds(async () => {
      const response = await client.response();
      assert.equal(response.status, 408);
      assert.equal(response.json.reason, 'request_timeout');
    });
    clearInterval(trickle);
    assert.ok(took > 0.3 && took < 5, `after ${took} s`);
    await client.ended();
    assert.equal(upstream.bytes, '');
  });

  it('idle: the connection is closed between requests without a word', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {timeouts: {idle: '300ms', head: '400ms'}});
    const {client} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.equal(await client.ended(), 'end');
    assert.equal(client.text, '');
    const silent = await connect(scope, gateway.port);
    await silent.ended();
    assert.doesNotMatch(silent.text, / 200 /);
  });

  it('response: 504 upstream_timeout, and the upstream connection is given up', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {response: '300ms'}, upstreamOptions: {answer: () => undefined}});
    const took = await seconds(async () => {
      const {response} = await exchange(scope, gateway.port, request('GET', '/open/hangs'));
      assert.equal(response.status, 504);
      assert.equal(response.json.reason, 'upstream_timeout');
    });
    assert.ok(took < 5, `after ${took} s`);
    assert.equal((await gateway.lineOf('/open/hangs')).side, 'upstream');
    await eventually('that upstream connection is gone', () => upstream.openConnections === 0);
    upstream.answer = () => ok;
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
  });

  it('response: starts after the request\'s last byte', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {timeouts: {response: '300ms'}});
    const client = await connect(scope, gateway.port);
    client.send(request('POST', '/open', ['Content-Length: 8']));
    for (let i = 0; i < 8; ++i) {
      // A slow upload is what is tested: the time itself is the condition.
      await new Promise((resolve) => setTimeout(resolve, 100));
      client.send('x');
    }
    assert.equal((await client.response()).status, 200);
  });

  for (const [name, begun] of [['100', 'HTTP/1.1 100 Continue\r\n\r\n'], ['103', 'HTTP/1.1 103 Early Hints\r\n\r\n'], ['part of a head', 'HTTP/1.1 200']]) {
    it(`response: 504 also where the upstream has sent ${name} before the request's last byte`, async (t) => {
      const scope = scoped(t);
      const {gateway, upstream} = await startStandard(scope, {timeouts: {response: '300ms', stream_idle: '1h'}});
      let sent = false;
      upstream.onBytes = ({socket, bytes}) => {
        if (bytes.length < 1000) socket.write(begun, () => { sent = true; });
        return true;
      };
      const client = await connect(scope, gateway.port);
      client.send(request('POST', '/open/begun', ['Content-Length: 100000']));
      await eventually('the beginning of a response', () => sent);
      client.send('x'.repeat(100_000));
      const response = await client.response();
      assert.equal(response.status, 504);
      assert.equal((await gateway.lineOf('/open/begun')).detail, 'no response within timeouts.response');
    });
  }

  it('response_timeout of a route instead', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {
      upstreamOptions: {answer: () => undefined},
      routes: [{name: 'quick', match: {path_prefix: '/quick'}, upstream: 'orders', public: true, response_timeout: '200ms'}],
    });
    assert.equal((await exchange(scope, gateway.port, request('GET', '/quick'))).response.status, 504);
  });

  it('total: 504 before the response began, a cut connection after', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {total: '500ms'}, upstreamOptions: {answer: () => undefined}});
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 504);
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await client.ended();
    await assert.rejects(client.response());
  });

  it('stream_idle: a body that stalls on either side is given up', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {stream_idle: '300ms'}});
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
    const reading = await connect(scope, gateway.port);
    reading.send(request('GET', '/open'));
    await reading.ended();
    await assert.rejects(reading.response());
    const writing = await connect(scope, gateway.port);
    writing.send(request('POST', '/open', ['Content-Length: 100'], 'half'));
    await writing.ended();
    await eventually('the upstream connections are gone', () => upstream.openConnections === 0);
  });

  it('stream_idle: 504 when the upstream takes no more of a body, whatever the client would send', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {stream_idle: '500ms', response: '20s'}});
    upstream.onBytes = ({socket}) => {
      socket.pause();
      return true;
    };
    const client = await connect(scope, gateway.port);
    client.send(request('POST', '/open/stuck', [`Content-Length: ${plenty.length}`]));
    client.socket.write(plenty);
    const response = await client.response();
    assert.equal(response.status, 504);
    assert.equal(response.json.reason, 'upstream_timeout');
    assert.equal((await gateway.lineOf('/open/stuck')).side, 'upstream');
  });

  // A client that sends more than its upstream takes, until it can send no more; and the upstream's connection.
  async function stuck(scope, limits, path) {
    const {gateway, upstream} = await startStandard(scope, {timeouts: limits});
    upstream.onBytes = ({socket}) => {
      socket.pause();
      return true;
    };
    const client = await connect(scope, gateway.port);
    client.send(request('POST', path, [`Content-Length: ${plenty.length}`]));
    client.socket.write(plenty);
    await standstill('the upload stands', client.socket);
    return {gateway, upstream, client, connection: upstream.connections[0]};
  }

  it('stream_idle: an upstream that takes no more of a body is to blame also when it has begun to answer', async (t) => {
    const {gateway, connection, client} = await stuck(scoped(t), {stream_idle: '3s'}, '/open/early');
    connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
    await client.ended();
    const {reason, side} = await gateway.lineOf('/open/early');
    assert.deepEqual({reason, side}, {reason: 'upstream_timeout', side: 'upstream'});
  });

  it('stream_idle: is not waited for when the client resets in the middle of a body', async (t) => {
    const {gateway, upstream, client} = await stuck(scoped(t), {stream_idle: '1h', response: '1h'}, '/open/left');
    client.socket.resetAndDestroy();
    const {detail, side} = await gateway.lineOf('/open/left');
    assert.deepEqual({detail, side}, {detail: 'the client left', side: undefined});
    upstream.onBytes = () => true;
    upstream.connections.forEach(({socket}) => socket.resume());
    await eventually('the upstream connection is gone', () => upstream.openConnections === 0);
  });

  for (const [name, limits] of [['stream_idle', {stream_idle: '300ms'}], ['total', {total: '500ms', stream_idle: '1h'}]]) {
    it(`${name}: a client that does not take the response is to blame for that`, async (t) => {
      const scope = scoped(t);
      const {gateway, upstream} = await startStandard(scope, {timeouts: limits});
      upstream.answer = (_, {socket}) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${plenty.length}\r\n\r\n`);
        socket.write(plenty);
      };
      const client = await connect(scope, gateway.port);
      client.socket.pause();
      client.send(request('GET', '/open/untaken'));
      const {reason, side, detail} = await gateway.lineOf('/open/untaken');
      assert.deepEqual({reason, side}, {reason: 'request_timeout', side: 'downstream'});
      assert.equal(detail, `the client did not take the response within timeouts.${name}`);
    });
  }

  it('total: begins with the first byte of the head', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {timeouts: {total: '500ms', head: '20s'}});
    const client = await connect(scope, gateway.port);
    client.send('GET /open HTTP/1.1\r\n');
    const response = await client.response();
    assert.equal(response.status, 408);
    assert.equal(response.json.reason, 'request_timeout');
    await client.ended();
  });

  it('total: 408 when it is the client that has not sent its body', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {timeouts: {total: '500ms', stream_idle: '1h'}});
    const {response} = await exchange(scope, gateway.port, request('POST', '/open/stalls', ['Content-Length: 100'], 'half'));
    assert.equal(response.status, 408);
    assert.equal(response.json.reason, 'request_timeout');
    assert.equal((await gateway.lineOf('/open/stalls')).detail, 'the body did not arrive within timeouts.total');
  });

  it('connect: 504 when nobody accepts', async (t) => {
    const scope = scoped(t);
    const port = await startFullListener(scope);
    const jwksFile = scope.file('jwks.json', jwks(await makeKey('ES256')));
    const gateway = await startGateway(scope, standardConfig({
      endpoint: `http://127.0.0.1:${port}`, jwksFile, timeouts: {connect: '300ms', response: '20s'},
    }));
    const took = await seconds(async () => {
      const {response} = await exchange(scope, gateway.port, request('GET', '/open/unreachable'));
      assert.equal(response.status, 504);
      assert.equal(response.json.reason, 'upstream_timeout');
    });
    assert.ok(took < 5, `after ${took} s`);
  });
});
