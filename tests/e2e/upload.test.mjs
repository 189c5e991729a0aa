// Large bodies in constant memory: 256 MiB as a rule, UPLOAD_GIB of them by `./test upload10g`.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import {before, describe, it} from 'node:test';

import {startGateway} from './harness/gateway.mjs';
import {connect} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {sanitized, within} from './harness/waiting.mjs';

const mebibyte = 1 << 20;
const size = process.env.UPLOAD_GIB ? Number(process.env.UPLOAD_GIB) * 1024 * mebibyte : 256 * mebibyte;
const pattern = Buffer.alloc(mebibyte, 'postern streams what it is given. ');

// An upstream that counts what it is sent, or sends as much as it is asked for.
async function startCounter(scope) {
  const server = http.createServer((incoming, outgoing) => {
    let received = 0;
    incoming.on('data', (bytes) => { received += bytes.length; });
    incoming.on('end', () => {
      if (incoming.url.startsWith('/open/download')) send(outgoing, size);
      else outgoing.end(`${received}`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onClose(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${server.address().port}`;
}

function send(stream, total) {
  let left = total;
  const more = () => {
    while (left > 0) {
      const bytes = pattern.subarray(0, Math.min(left, pattern.length));
      left -= bytes.length;
      if (!stream.write(bytes)) return stream.once('drain', more);
    }
    stream.end();
  };
  more();
}

const upload = (gateway, token, total, chunked) => new Promise((resolve, reject) => {
  const outgoing = http.request(`${gateway.url}/orders`, {
    method: 'POST',
    agent: false,
    headers: {authorization: `Bearer ${token}`, ...(chunked ? {'transfer-encoding': 'chunked'} : {'content-length': total})},
  }, (response) => {
    let text = '';
    response.on('data', (bytes) => { text += bytes; }).on('end', () => resolve({status: response.statusCode, text}));
  });
  outgoing.on('error', reject);
  send(outgoing, total);
});

const download = (gateway) => new Promise((resolve, reject) => {
  http.get(`${gateway.url}/open/download`, {agent: false}, (response) => {
    let received = 0;
    response.on('data', (bytes) => { received += bytes.length; }).on('end', () => resolve(received)).on('error', reject);
  }).on('error', reject);
});

describe(`${size / mebibyte} MiB`, () => {
  const scope = scoped();
  let gateway, token;
  before(async () => {
    const key = await makeKey('ES256');
    token = await mint(key, {exp: Math.floor(Date.now() / 1000) + 3600});
    gateway = await startGateway(scope, standardConfig({
      endpoint: await startCounter(scope), jwksFile: scope.file('jwks.json', jwks(key)),
    }));
    for (const chunked of [false, true]) await upload(gateway, token, 8 * mebibyte, chunked);
  });

  const inConstantMemory = async (action) => {
    const before = gateway.residentKiB();
    await action();
    const growth = gateway.residentKiB() - before;
    // A sanitizer's quarantine keeps what was freed.
    if (!sanitized) assert.ok(growth < 1024, `memory grew by ${growth} KiB`);
  };

  for (const [name, chunked] of [['with a length', false], ['chunked', true]]) {
    it(`are uploaded ${name} in less than 1 MiB more memory`, () => inConstantMemory(async () => {
      assert.deepEqual(await upload(gateway, token, size, chunked), {status: 200, text: `${size}`});
    }));
  }

  it('are downloaded in less than 1 MiB more memory', async () => {
    await inConstantMemory(async () => assert.equal(await download(gateway), size));
  });

  it('that are refused get their reply, also where a client reads nothing before it has sent everything', async (t) => {
    const total = 20 * mebibyte;
    const client = await connect(scoped(t), gateway.port);
    client.socket.pause();
    client.send(request('POST', '/orders', {'Content-Length': `${total}`, Authorization: 'Bearer no.token.here'}));
    await within('all of it is taken', new Promise((resolve, reject) => {
      client.socket.write(Buffer.alloc(total), (error) => (error ? reject(error) : resolve()));
    }));
    client.socket.resume();
    assert.equal((await client.response()).status, 401);
    assert.equal(await client.ended(), 'end');
  });

  it('wait in the sender when the receiver stops reading', async (t) => {
    const before = gateway.residentKiB();
    const socket = net.connect(gateway.port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write('GET /open/download HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    socket.pause();
    // While that one stalls, others are served and memory stays.
    for (let i = 0; i < 50; ++i) await upload(gateway, token, mebibyte / 4, false);
    if (!sanitized) assert.ok(gateway.residentKiB() - before < 1024);
  });
});
