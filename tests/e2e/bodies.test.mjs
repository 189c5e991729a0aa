// Bodies as a proxy of HTTP/1.1 passes them on, in both directions.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {ok} from './harness/recording_upstream.mjs';
import {bearer, chunks, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {mint} from './harness/tokens.mjs';

const chunkedOk = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(['one,', 'two'])}`;

describe('bodies', () => {
  const scope = scoped();
  let gateway, upstream, key;
  before(async () => ({gateway, upstream, key} = await startStandard(scope)));

  const answering = (t, answer) => {
    const scope = scoped(t);
    upstream.answer = typeof answer === 'function' ? answer : () => answer;
    scope.onClose(() => { upstream.answer = () => ok; });
    return scope;
  };

  it('forwards a fixed request body with its length', async (t) => {
    await exchange(scoped(t), gateway.port, request('POST', '/orders', [bearer(await mint(key))], 'x'.repeat(300_000)));
    assert.equal(upstream.last.get('content-length'), '300000');
    assert.equal(upstream.last.body.length, 300_000);
  });

  it('forwards a chunked request body chunked, whatever the sizes of its chunks', async (t) => {
    const parts = ['a', 'b'.repeat(70_000), 'c'.repeat(3)];
    await exchange(scoped(t), gateway.port, request('POST', '/open', {'Transfer-Encoding': 'chunked'}, chunks(parts)));
    assert.equal(upstream.last.get('content-length'), undefined);
    assert.equal(upstream.last.text, parts.join(''));
  });

  it('forwards an empty body of either framing, and serves the next request', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    for (const bytes of [request('POST', '/open', [], ''), request('POST', '/open', {'Transfer-Encoding': 'chunked'}, chunks([]))]) {
      client.send(bytes);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.last.text, '');
    }
  });

  // The place for heads is `head_bytes` and a little more (Inbox::slack): a head that ends where it ends leaves no room for
  // what is read behind a chunked body, unless it is moved first.
  for (const [where, parts] of Object.entries({
    'in one piece with the request before it': (size) => [size],
    'in two pieces, the first of which leaves just that little more': (size) => [16 * 1024, size - 16 * 1024],
  })) {
    it(`forwards a chunked body whose head ends at the end of the place for heads, ${where}`, async (t) => {
      const place = 16 * 1024 + 4 * 1024 - 64;
      for (const size of [place - 1, place, place + 1]) {
        const client = await connect(scoped(t), gateway.port);
        const first = (filler) => request('POST', '/open/first', [], filler);
        const second = (filler) => request('POST', '/open/second', {'Transfer-Encoding': 'chunked', X: filler});
        const head = second('x'.repeat(6000));
        const bytes = first('x'.repeat(size - head.length - first('x'.repeat(10_000)).length + 10_000)) + head;
        assert.equal(bytes.length, size);
        let begin = 0;
        for (const part of parts(size)) {
          client.send(bytes.slice(begin, begin += part));
          if (begin === size) break;
          assert.equal((await client.response()).status, 200);
        }
        if (parts(size).length === 1) assert.equal((await client.response()).status, 200);
        client.send(chunks(['hello', ' world']));
        assert.equal((await client.response()).status, 200);
        assert.equal(upstream.last.text, 'hello world');
      }
    });
  }

  it('forwards an empty chunked response that comes as one, and serves the next request', async (t) => {
    const scope = answering(t, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks([])}`);
    const client = await connect(scope, gateway.port);
    for (let i = 0; i < 2; ++i) {
      client.send(request('GET', '/open'));
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.equal(response.text, '');
    }
  });

  it('arrive whole where the client has sent more than its last request', async (t) => {
    const scope = scoped(t);
    const client = await connect(scope, gateway.port);
    client.socket.pause();
    const large = 'x'.repeat(300_000);
    answering(t, async () => {
      await new Promise((done) => { client.socket.write('\r\n', done); });  // RFC 9112 section 2.2 knows such clients
      return `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
    });
    client.send(request('POST', '/open/and-more', ['Connection: close'], 'abc'));
    await gateway.lineOf('/open/and-more');
    client.socket.resume();
    assert.equal((await client.response()).body.length, large.length);
  });

  it('drops trailers of requests', async (t) => {
    const body = chunks(['data'], ['X-User-Id: mallory', 'Authorization: Basic x', 'X-Checksum: 1']);
    await exchange(scoped(t), gateway.port, request('POST', '/open', {'Transfer-Encoding': 'chunked', Trailer: 'X-Checksum'}, body));
    assert.equal(upstream.last.text, 'data');
    assert.deepEqual(upstream.last.trailers, []);
    assert.doesNotMatch(upstream.bytes, /mallory|X-Checksum: 1/);
  });

  it('drops trailers of responses', async (t) => {
    const scope = answering(t, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(['data'], ['X-T: 1'])}`);
    const {response} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.equal(response.text, 'data');
    assert.deepEqual(response.trailers, []);
  });

  it('drops chunk extensions in both directions', async (t) => {
    const scope = answering(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=secret\r\ndata\r\n0;b\r\n\r\n');
    const sent = '2;sig="x"\r\nhi\r\n0\r\n\r\n';
    const {response} = await exchange(scope, gateway.port, request('POST', '/open', {'Transfer-Encoding': 'chunked'}, sent));
    assert.equal(response.text, 'data');
    assert.equal(upstream.last.text, 'hi');
    assert.doesNotMatch(upstream.bytes, /sig=/);
  });

  it('forwards a chunked response', async (t) => {
    const {response} = await exchange(answering(t, chunkedOk), gateway.port, request('GET', '/open'));
    assert.equal(response.text, 'one,two');
    assert.equal(response.get('content-length'), undefined);
  });

  it('gives an HTTP/1.0 client a chunked response unchunked, ended by the close', async (t) => {
    const scope = answering(t, chunkedOk);
    const {response, client} = await exchange(scope, gateway.port, 'GET /open HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    assert.equal(response.get('transfer-encoding'), undefined);
    assert.equal(response.text, 'one,two');
    assert.equal(await client.ended(), 'end');
  });

  it('passes a response that its upstream ends by closing, whole', async (t) => {
    const scope = answering(t, (_, {socket}) => { socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'); });
    const {response} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.equal(response.text, 'until the end');
  });

  it('passes a response of an HTTP/1.0 upstream', async (t) => {
    const scope = answering(t, (_, {socket}) => { socket.end('HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\nold'); });
    const {response} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.equal(response.version, 'HTTP/1.1');
    assert.equal(response.text, 'old');
  });

  it('answers HEAD with the length and without a body', async (t) => {
    const scope = answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n');
    const client = await connect(scope, gateway.port);
    client.send(request('HEAD', '/open') + request('HEAD', '/open'));
    for (let i = 0; i < 2; ++i) assert.equal((await client.response('HEAD')).get('content-length'), '1234');
    assert.equal(client.text, '');
  });

  it('leaves the body out of its own refusal of a HEAD', async (t) => {
    const {response, client} = await exchange(scoped(t), gateway.port, request('HEAD', '/orders'), {to: 'HEAD'});
    assert.equal(response.status, 401);
    client.send(request('GET', '/open'));
    assert.equal((await client.response()).status, 200);
  });

  for (const status of ['204 No Content', '304 Not Modified']) {
    it(`passes ${status} without a body and serves the next request`, async (t) => {
      const scope = answering(t, `HTTP/1.1 ${status}\r\nETag: "1"\r\n\r\n`);
      const client = await connect(scope, gateway.port);
      client.send(request('GET', '/open') + request('GET', '/open'));
      for (let i = 0; i < 2; ++i) {
        const response = await client.response();
        assert.equal(response.status, Number(status.slice(0, 3)));
        assert.equal(response.get('transfer-encoding'), undefined);
        assert.equal(response.get('etag'), '"1"');
      }
      assert.equal(client.text, '');
    });
  }

  it('passes the status line and fields of the upstream on, repeated ones too', async (t) => {
    const scope = answering(t, 'HTTP/1.1 418 Short And Stout\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n');
    const {response} = await exchange(scope, gateway.port, request('GET', '/open'));
    assert.equal(response.status, 418);
    assert.deepEqual(response.all('set-cookie'), ['a=1', 'b=2']);
  });

  it('sends 100 Continue when the token was accepted, and the body reaches the upstream', async (t) => {
    const client = await connect(scoped(t), gateway.port);
    client.send(request('POST', '/orders', [bearer(await mint(key)), 'Expect: 100-continue', 'Content-Length: 5']));
    assert.equal((await client.response()).status, 100);
    client.send('hello');
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.last.text, 'hello');
  });

  it('sends no 100 Continue when the token is refused', async (t) => {
    const {response, client} = await exchange(scoped(t), gateway.port,
      request('POST', '/orders/refused', ['Expect: 100-continue', 'Content-Length: 5', 'Authorization: Bearer bad']));
    assert.equal(response.status, 401);
    await client.ended(); // nobody knows whether the body will come
    assert.doesNotMatch(upstream.bytes, /refused/);
  });

  it('never takes the body of a refused request for another request', async (t) => {
    const body = request('GET', '/open/smuggled');
    const client = await connect(scoped(t), gateway.port);
    client.send(request('POST', '/orders', [], body) + request('GET', '/open/after'));
    assert.equal((await client.response()).status, 401);
    // Either the connection is closed, or the body was read to its end and the next request is the real one.
    await client.until('the end or the next response', (text) => client.isOver || text.includes('\r\n\r\n'));
    assert.doesNotMatch(upstream.bytes, /smuggled/);
  });

  it('lets the upstream answer before the request body is whole', async (t) => {
    const scope = scoped(t);
    upstream.onBytes = (connection) => {
      if (!connection.answered && connection.bytes.includes('early')) {
        connection.answered = true;
        connection.socket.end('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig');
      }
      return connection.answered;
    };
    scope.onClose(() => { upstream.onBytes = () => false; });
    const {response} = await exchange(scope, gateway.port, request('POST', '/open', ['Content-Length: 1000000'], 'early'));
    assert.equal(response.status, 413);
    assert.equal(response.text, 'big');
  });

  it('passes server-sent events on as they come', async (t) => {
    let stream;
    const scope = answering(t, (_, {socket}) => {
      stream = socket;
      return 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
    });
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open/events'));
    await client.until('the head, without any event', (text) => text.includes('\r\n\r\n'));
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      stream.write(`${event.length.toString(16)}\r\n${event}\r\n`);
      await client.until(event, (text) => text.includes(event));
    }
    stream.write('0\r\n\r\n');
    assert.equal((await client.response()).text, 'data: 1\n\ndata: 2\n\n');
  });

  it('passes interim responses on and then the final one', async (t) => {
    const scope = answering(t, `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok}`);
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    const first = await client.response();
    const final = first.status === 200 ? first : await client.response(); // dropping 1xx is allowed as well
    assert.equal(final.text, 'ok');
  });
});
