// Upstreams that refuse, die, hang or talk nonsense: 502 or 504 with the side named, and never a clean end that is a lie.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {ok, startUpstream} from './harness/recording_upstream.mjs';
import {chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {unacknowledged} from './harness/standing.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const head = 'HTTP/1.1 200 OK\r\n';

// What an upstream may not say: 502 upstream_malformed, and that connection is dropped.
const nonsense = {
  'no HTTP at all': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'Content-Length with Transfer-Encoding': `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two Content-Lengths': `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
  'a Content-Length that is no number': `${head}Content-Length: two\r\n\r\nok`,
  'an unknown transfer coding': `${head}Transfer-Encoding: xchunked\r\n\r\nok`,
  'a head of 64 KB': `${head}X: ${'x'.repeat(64 * 1024)}\r\nContent-Length: 2\r\n\r\nok`,
  'a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  'a folded field': `${head}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok`,
  'NUL in a field': `${head}X: a\0b\r\nContent-Length: 2\r\n\r\nok`,
  'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
  'an unasked 101': 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
};

describe('an upstream that talks nonsense', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  for (const [index, [name, answer]] of Object.entries(nonsense).entries()) {
    it(`gets 502 for ${name}`, async (t) => {
      upstream.answer = () => answer;
      const path = `/open/nonsense-${index}`;
      const {response} = await exchange(scoped(t), gateway.port, request('GET', path));
      assert.equal(response.status, 502);
      assert.equal(response.json.reason, 'upstream_malformed');
      const line = await gateway.lineOf(path);
      assert.equal(line.side, 'upstream');
      assert.equal(line.reason, 'upstream_malformed');
      await eventually('that connection is dropped', () => upstream.openConnections === 0);
    });
  }

  it('does not take bytes after a response for the next response', async (t) => {
    const scope = scoped(t);
    upstream.answer = ({target}) => (target === '/open/poison' ? `${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` : ok);
    const client = await connect(scope, gateway.port);
    for (const target of ['/open/poison', '/open/next']) {
      client.send(request('GET', target));
      assert.equal((await client.response()).text, 'ok');
    }
  });
});

describe('an upstream that is not there', () => {
  it('gives 502 and names the side and the endpoint in the log', async (t) => {
    const scope = scoped(t);
    const port = await freePort();
    const jwksFile = scope.file('jwks.json', jwks(await makeKey('ES256')));
    const gateway = await startGateway(scope, standardConfig({endpoint: `http://127.0.0.1:${port}`, jwksFile}));
    const {response, client} = await exchange(scope, gateway.port, request('GET', '/open/refused'));
    assert.equal(response.status, 502);
    assert.equal(response.get('content-type'), 'application/problem+json');
    assert.equal(response.json.reason, 'upstream_unavailable');
    const line = await gateway.lineOf('/open/refused');
    assert.equal(line.side, 'upstream');
    assert.match(JSON.stringify(line), new RegExp(`127\\.0\\.0\\.1:${port}`));
    client.send(request('GET', '/open/again'));
    assert.equal((await client.response()).status, 502);
  });

  it('serves as soon as it is there', async (t) => {
    const scope = scoped(t);
    const port = await freePort();
    const jwksFile = scope.file('jwks.json', jwks(await makeKey('ES256')));
    const gateway = await startGateway(scope, standardConfig({endpoint: `http://127.0.0.1:${port}`, jwksFile}));
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 502);
    await startUpstream(scope, {port});
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
  });

  it('goes on with the second of two endpoints', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, ({endpoint, jwksFile}) => standardConfig({
      endpoint, jwksFile, upstreams: {orders: {endpoints: ['http://127.0.0.1:1', endpoint]}},
    }));
    const statuses = [];
    for (let i = 0; i < 4; ++i) statuses.push((await exchange(scope, gateway.port, request('GET', '/open'))).response.status);
    assert.deepEqual(statuses, [200, 200, 200, 200]);
  });

  it('is passed over by requests that come at once', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, ({endpoint, jwksFile}) => standardConfig({
      endpoint, jwksFile, upstreams: {orders: {endpoints: ['http://127.0.0.1:1', endpoint], pool: {max_idle: 0}}},
    }));
    const one = async () => {
      const statuses = [];
      for (let i = 0; i < 20; i += 1) {
        statuses.push((await exchange(scope, gateway.port, request('GET', '/open'))).response.status);
      }
      return statuses;
    };
    const statuses = (await Promise.all(Array.from({length: 8}, one))).flat();
    assert.deepEqual(statuses.filter((status) => status !== 200), []);
  });
});

describe('an upstream that dies', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  for (const [name, die] of [['closes', (socket) => socket.end()], ['resets', (socket) => socket.resetAndDestroy()]]) {
    it(`gives 502 when it ${name} before the head`, async (t) => {
      upstream.answer = (_, {socket}) => { die(socket); };
      const {response} = await exchange(scoped(t), gateway.port, request('POST', `/open/${name}`, [], 'x'));
      assert.equal(response.status, 502);
      assert.equal((await gateway.lineOf(`/open/${name}`)).side, 'upstream');
    });

    it(`gives 502 when it ${name} within the head`, async (t) => {
      upstream.answer = (_, {socket}) => { socket.write('HTTP/1.1 200 OK\r\nContent-Le', () => die(socket)); };
      const {response} = await exchange(scoped(t), gateway.port, request('POST', '/open', [], 'x'));
      assert.equal(response.status, 502);
    });

    for (const [framing, partial] of [
      ['fixed', `${head}Content-Length: 100\r\n\r\nhalf`],
      ['chunked', `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
      ['chunked, within a chunk,', `${head}Transfer-Encoding: chunked\r\n\r\n64\r\nhalf`],
    ]) {
      it(`never ends a ${framing} body cleanly that it ${name} in the middle`, async (t) => {
        upstream.answer = (_, {socket}) => { socket.write(partial, () => die(socket)); };
        const client = await connect(scoped(t), gateway.port);
        client.send(request('GET', `/open/half-${name}-${framing.length}`));
        await client.ended();
        assert.match(client.text, /half|^$/);
        await assert.rejects(client.response(), 'the response looks whole');
        const line = await gateway.lineOf(`/open/half-${name}-${framing.length}`);
        assert.equal(line.side, 'upstream');
      });
    }

    const size = 2_000_000; // the kernel keeps most of it for the gateway
    for (const [version, fields] of [['1.1', `Content-Length: ${2 * size}\r\n\r\n`],
      ['1.0', `Transfer-Encoding: chunked\r\n\r\n${(2 * size).toString(16)}\r\n`]]) {
      it(`has all that it sent before it ${name} delivered to a client of HTTP/${version} that reads slowly`, async (t) => {
        const path = `/open/slow-${name}-${version}`;
        let socket;
        upstream.answer = (_, connection) => {
          ({socket} = connection);
          socket.write(head + fields);
          socket.write(Buffer.alloc(size));
        };
        const client = await connect(scoped(t), gateway.port);
        client.socket.pause();
        client.send(`GET ${path} HTTP/${version}\r\nHost: a\r\n\r\n`);
        await eventually('the gateway has all of it', () => socket?.bytesWritten > size && unacknowledged(socket) === 0);
        die(socket);
        await eventually('the end of the upstream', () => socket.destroyed || socket.writableFinished);
        client.socket.resume();
        const ending = await client.ended();
        assert.equal(client.text.length - client.text.indexOf('\r\n\r\n') - 4, size);
        assert.equal(ending, 'reset');
        const {reason, side} = await gateway.lineOf(path);
        assert.deepEqual({reason, side}, {reason: 'upstream_unavailable', side: 'upstream'});
      });
    }
  }

  it('resets the client when it resets within a response that its close would end, however the upload learns of it', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream: dying} = await startStandard(scope);
    const part = 'x'.repeat(5000);
    dying.onBytes = ({socket}) => {
      if (!socket.bytesWritten) socket.write(`${head}\r\n${part}`);
      return true;
    };
    for (let i = 0; i < 20; i += 1) {
      const client = await connect(scope, gateway.port);
      client.send(request('POST', '/open', {'Content-Length': 100_000_000}));
      const upload = setInterval(() => client.socket.destroyed || client.send('z'.repeat(65_536)), 1);
      try {
        await client.until('the response so far', (text) => text.includes(part));
        dying.connections.at(-1).socket.resetAndDestroy();
        await client.ended();
      } finally {
        clearInterval(upload);
      }
      assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
    }
  });
});

describe('pooled connections', () => {
  const scope = scoped();
  let gateway, upstream;
  before(async () => ({gateway, upstream} = await startStandard(scope)));

  it('are replaced when the upstream closed them while they were idle', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    for (let i = 0; i < 20; ++i) {
      client.send(request('GET', `/open/${i}`));
      assert.equal((await client.response()).status, 200);
      for (const {socket} of upstream.connections) socket.end();
    }
  });

  // A large head's bytes are not kept for a replay but written anew.
  for (const [name, padding] of [['a small head', 10], ['a head of 9 KiB', 9000]]) {
    it(`are replaced by a replay when the upstream closes them upon a safe request with ${name}`, async (t) => {
      const client = await connect(scoped(t), gateway.port);
      client.send(request('GET', '/open/warm-up'));
      await client.response();
      const sent = [];
      upstream.onBytes = (connection) => {
        if (connection.requests.length === 0) return false;
        sent.push(connection.unread.toString('latin1'));
        connection.socket.destroy();
        return true;
      };
      client.send(request('GET', '/open/replayed', {'X-Pad': 'p'.repeat(padding)}));
      assert.equal((await client.response()).status, 200);
      assert.equal(sent.length, 1);
      assert.equal(upstream.last.headBytes.toString('latin1'), sent[0]);
      upstream.onBytes = () => false;
    });
  }

  it('do not get a POST twice that they may have begun', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    client.send(request('GET', '/open/warm-up'));
    await client.response();
    upstream.forget();
    let seen = 0;
    upstream.onBytes = (connection) => {
      if (!connection.bytes.includes('\r\n\r\nonce')) return true;
      ++seen;
      connection.socket.resetAndDestroy();
      return true;
    };
    client.send(request('POST', '/open/once', [], 'once'));
    assert.equal((await client.response()).status, 502);
    assert.equal(seen, 1);
    upstream.onBytes = () => false;
  });

  it('are given up when the upstream says so', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';
    const client = await connect(scope, gateway.port);
    for (let i = 0; i < 3; ++i) {
      client.send(request('GET', '/open'));
      assert.equal((await client.response()).get('connection')?.includes('close') ?? false, false);
    }
    assert.equal(upstream.connections.length, 3);
  });

  it('are closed when they were idle for long enough', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, ({endpoint, jwksFile}) => standardConfig({
      endpoint, jwksFile, upstreams: {orders: {endpoints: [endpoint], pool: {idle: '200ms'}}},
    }));
    await exchange(scope, gateway.port, request('GET', '/open'));
    await eventually('the idle connection is closed', () => upstream.openConnections === 0);
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
  });

  it('are kept up to the configured number', async (t) => {
    const scope = scoped(t);
    const waiting = [];
    const {gateway, upstream} = await startStandard(scope, ({endpoint, jwksFile}) => standardConfig({
      endpoint, jwksFile, workers: 1, upstreams: {orders: {endpoints: [endpoint], pool: {max_idle: 2}}},
    }));
    upstream.answer = (_, {socket}) => { waiting.push(() => socket.write(ok)); };
    const all = Promise.all(Array.from({length: 6}, () => exchange(scope, gateway.port, request('GET', '/open'))));
    await eventually('six requests at once', () => waiting.length === 6);
    waiting.forEach((release) => release());
    await all;
    await eventually('two are left', () => upstream.openConnections === 2);
  });
});

describe('a client that vanishes', () => {
  it('takes its upstream request with it', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = () => undefined;
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open/gone'));
    await upstream.received(1);
    client.socket.resetAndDestroy();
    await eventually('the upstream connection is closed', () => upstream.openConnections === 0);
    const line = await gateway.lineOf('/open/gone');
    assert.equal(line.detail, 'the client left');
    assert.equal(line.side, undefined, 'nobody is to blame');
    assert.equal(await gateway.metric('postern_http_requests_total', {code: '502'}), 0);
  });

  it('with bytes left behind its request takes its upstream request with it', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope, {timeouts: {response: '1h'}});
    upstream.answer = () => undefined;
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open/gone'));
    await upstream.received(1);
    client.send('G');
    client.finish();
    await eventually('the upstream connection is closed', () => upstream.openConnections === 0);
    assert.equal((await gateway.lineOf('/open/gone')).detail, 'the client left');
  });

  it('in the middle of a response leaves nothing behind', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = (_, {socket}) => {
      const timer = setInterval(() => socket.write(`2000\r\n${'x'.repeat(8192)}\r\n`), 5);
      socket.once('close', () => clearInterval(timer));
      return `${head}Transfer-Encoding: chunked\r\n\r\n`;
    };
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open/endless'));
    await client.until('some of the body', (text) => text.length > 50_000);
    client.socket.destroy();
    await eventually('the upstream connection is closed', () => upstream.openConnections === 0);
  });

  it('while an event stream is quiet takes its upstream request with it', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = () => `${head}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open/quiet'));
    await client.until('the head', (text) => text.includes('\r\n\r\n'));
    client.socket.destroy();
    await eventually('the upstream connection is closed', () => upstream.openConnections === 0);
  });

  it('in the middle of a chunked upload never looks like a whole request', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    const client = await connect(scope, gateway.port);
    client.send(request('POST', '/open', {'Transfer-Encoding': 'chunked'}, chunks(['part']).replace('0\r\n\r\n', '')));
    await eventually('the part at the upstream', () => upstream.bytes.includes('part'));
    client.finish();
    await eventually('the upstream connection is closed', () => upstream.openConnections === 0);
    assert.equal(upstream.requests.length, 0);
    assert.doesNotMatch(upstream.bytes, /\r\n0\r\n\r\n$/);
  });
});
