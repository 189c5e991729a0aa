// Real origins behind the gateway: whatever a client sends, an origin sees the requests that the gateway judged and no
// others, and every client gets the answer to its own request.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {connect} from './harness/raw_client.mjs';
import {scoped} from './harness/scope.mjs';
import {eventually} from './harness/waiting.mjs';
import {startApache} from './origins/apache.mjs';
import {chunk, chunked, end, get, head, hidden, length} from './origins/bytes.mjs';
import {startHaproxy} from './origins/haproxy.mjs';
import {countOf, faultsOf, unexplained} from './origins/ledger.mjs';
import {startLighttpd} from './origins/lighttpd.mjs';
import {startNginxOrigin} from './origins/nginx.mjs';
import {startNode} from './origins/node.mjs';
import {payloads} from './origins/payloads.mjs';
import {startLazyPython, startPython} from './origins/python.mjs';
import {assertInnocentIsServed, echoOf, play, playToTheEnd, startStand, subject} from './origins/stand.mjs';

const origins = {
  nginx: startNginxOrigin, Apache: startApache, lighttpd: startLighttpd,
  HAProxy: startHaproxy, Node: startNode, Python: startPython,
};
// How many segments a payload is sent in: each is played once in one and once in many.
const segments = [1, 40];

const show = (records) => records.map((record) => JSON.stringify(record)).join('\n');

function describePayloads(stand) {
  for (const payload of payloads) {
    it(`every client gets its own answer: ${payload.name} (${payload.ends})`, async (t) => {
      const scope = scoped(t);
      const played = [];
      for (const pieces of segments) {
        played.push(await play(scope, stand.gateway.port, payload, {token: stand.token, pieces}));
      }
      for (const {responses, rest} of played) {
        assert.equal(rest, '', 'more was answered than was asked');
        assert.doesNotMatch(responses.map(({text}) => text).join(), /mallory|smuggled/);
      }
      await assertInnocentIsServed(scope, stand, `/orders/innocent-${payload.marker}`);
    });
  }
}

const half = {body: hidden('p0'), length: 100_000};
// {bytes, status, to: the method, more: the rest of the request, sent when the answer has come}
const answers = {
  'HEAD': {bytes: head('HEAD /open/head HTTP/1.1'), status: 200, to: 'HEAD'},
  'HEAD of a stream': {bytes: head('HEAD /open/stream HTTP/1.1'), status: 200, to: 'HEAD'},
  'status 204': {bytes: get('/open/empty'), status: 204},
  'status 204 to HEAD': {bytes: head('HEAD /open/empty HTTP/1.1'), status: 204, to: 'HEAD'},
  'status 304': {bytes: get('/open/unchanged', 'If-None-Match: "1"'), status: 304},
  'a stream of chunks': {bytes: get('/open/stream'), status: 200, encoding: 'chunked'},
  'an answer that closes': {bytes: get('/open/closing'), status: 200},
  'an answer without a look at the body': {
    bytes: head('POST /open/early HTTP/1.1', length(half.body)) + half.body, status: 403,
  },
  'an answer before the end of the body': {
    bytes: head('POST /open/early HTTP/1.1', `Content-Length: ${half.length}`) + half.body,
    status: 403, more: 'x'.repeat(half.length - half.body.length),
  },
};

function describeAnswers(stand) {
  for (const [index, [name, {bytes, status, to = 'GET', encoding, more = ''}]] of Object.entries(answers).entries()) {
    it(`the next answer on a connection is the next request's: ${name}`, async (t) => {
      const scope = scoped(t);
      const client = await connect(scope, stand.gateway.port);
      client.send(stand.origin.waitsForBodies ? bytes + more : bytes);
      const response = await client.response(to);
      assert.equal(response.status, status);
      if (encoding) assert.equal(response.get('transfer-encoding'), encoding);
      if (response.get('connection') === 'close') {
        await client.ended();
        assert.equal(client.text, '');
      } else {
        client.send((stand.origin.waitsForBodies ? '' : more) + get(`/open/next-${index}`));
        assert.equal((await client.response()).text, echoOf(`/open/next-${index}`));
      }
      await assertInnocentIsServed(scope, stand, `/orders/next-${index}`);
    });
  }
}

// What can be said once everything was played; `viewsOf` gives each server that keeps records: {name: server}.
function describeViews(stand, viewsOf) {
  let connections, forwarded;
  const views = {};
  before(async () => {
    connections = await stand.gateway.metric('postern_upstream_connections_total');
    await stand.gateway.stop(); // its log is complete then
    forwarded = stand.gateway.lines.filter(({upstream}) => upstream);
    for (const [name, server] of Object.entries(viewsOf(stand.origin))) {
      // Records may come late; what never comes is named below.
      await eventually(`every sound request in the records of ${name}`, () => {
        views[name] = server.seen();
        return missing(views[name]).length === 0;
      }).catch(() => {});
    }
  });
  const missing = (seen) => payloads.filter(({ends, marker}) => ends === 'sound' && countOf(seen, marker) < segments.length);
  const inEachView = (property, check) => it(property, () => {
    for (const [name, seen] of Object.entries(views)) check(seen, name);
  });

  inEachView('every sound payload arrived', (seen, name) => {
    assert.deepEqual(missing(seen).map((payload) => payload.name), [], name);
  });
  inEachView('no request arrived that the gateway did not forward', (seen, name) => {
    const unknown = unexplained(forwarded, seen);
    assert.equal(unknown.length, 0, `${name}\n${show(unknown)}`);
  });
  inEachView('no payload arrived as more requests than it holds', (seen, name) => {
    const most = ({ends, requests}) => segments.length * (ends === 'cut' ? 1 : requests);
    const wrong = payloads.filter((payload) => countOf(seen, payload.marker) > most(payload));
    assert.deepEqual(wrong.map((payload) => payload.name), [], name);
  });
  inEachView('no user arrived but the token\'s, nothing hidden, and no field that would be judged anew', (seen, name) => {
    const wrong = seen.map((record) => ({faults: faultsOf(record, subject), ...record})).filter(({faults}) => faults.length);
    assert.equal(wrong.length, 0, `${name}\n${show(wrong)}`);
  });
  it('the requests shared connections, so that one could have spoilt the next', () => {
    assert.ok(connections > 0 && connections < forwarded.length / 2, `${connections} for ${forwarded.length} requests`);
  });
  it('the gateway took nothing hidden for a request', () => {
    const apart = new Set(payloads.filter(({answers: count}) => count === 2).map(({marker}) => `/smuggled-${marker}`));
    const taken = stand.gateway.lines.filter(({path}) => path.includes('/smuggled') && !apart.has(path));
    assert.equal(taken.length, 0, show(taken));
  });
}

describe('behind the gateway', {concurrency: true}, () => {
  for (const [name, startOrigin] of Object.entries(origins)) {
    describe(name, {concurrency: 1}, () => {
      const scope = scoped();
      const stand = {};
      before(async () => Object.assign(stand, await startStand(scope, startOrigin)));
      describePayloads(stand);
      describeAnswers(stand);
      describe('after everything', () => {
        describeViews(stand, (origin) => (
          origin.behind ? {[name]: origin, [`the server behind ${name}`]: origin.behind} : {[name]: origin}
        ));
      });
    });
  }
});

// Many handlers leave bodies unread: what they leave is the beginning of their next request. No gateway can tell that from
// outside, but it can expect no body to be read where none is usual, and no answer that it did not ask for.
describe('an origin that leaves bodies unread', () => {
  const bodies = {
    'a hidden body': (p) => [length(hidden(p)), hidden(p)],
    'a hidden chunk': (p) => [chunked, chunk(hidden(p)) + end],
    'nothing more': () => ['Accept: text/plain', ''],
  };
  for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
    for (const [name, bodyFor] of Object.entries(bodies)) {
      const start = async (t) => {
        const scope = scoped(t);
        const stand = await startStand(scope, startLazyPython);
        const [line, body] = bodyFor('p1');
        const bytes = () => head(`${method} /open/p1 HTTP/1.1`, line) + body;
        await play(scope, stand.gateway.port, {bytes, answers: 1, to: method}, stand);
        await eventually('the origin has nothing left to answer', () => {
          const events = stand.origin.events().map(({event}) => event);
          return events.includes('closed') || events.filter((event) => event === 'answered').length === (body ? 2 : 1);
        });
        return {scope, stand};
      };

      it(`answers nobody else after ${method} with ${name}`, async (t) => {
        const {scope, stand} = await start(t);
        for (const path of ['/orders/first', '/orders/second']) await assertInnocentIsServed(scope, stand, path);
      });

      if (method !== 'GET' && method !== 'HEAD') continue;
      it(`serves nothing that was hidden in ${method} with ${name}`, async (t) => {
        const {stand} = await start(t);
        const lines = stand.origin.seen().map(({line}) => line);
        assert.deepEqual(lines.filter((line) => line !== `${method} /open/p1 HTTP/1.1`), []);
      });
    }
  }
});

// The control: without the gateway the same payloads do bite.
describe('straight at the origin', () => {
  for (const [name, startOrigin] of Object.entries(origins)) {
    it(`${name} serves what was hidden in some of the payloads`, async (t) => {
      const scope = scoped(t);
      const origin = await startOrigin(scope);
      const doubtful = payloads.filter(({ends}) => ends === 'refused' || ends === 'cut');
      for (const payload of doubtful) await playToTheEnd(scope, origin.port, payload);
      const serves = ({marker}) => origin.seen().some(({line}) => line === `GET /smuggled-${marker} HTTP/1.1`);
      await eventually(`two payloads that bite ${name}`, () => doubtful.filter(serves).length >= 2);
    });
  }
});
