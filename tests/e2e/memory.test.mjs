// Memory that runs out: requests that find none get 503, the gateway goes on, and serves again once there is some.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const mebibyte = 1 << 20;
const uploads = 200; // each holds some 90 KiB while its upstream is awaited

// What the process may still write to from now on: `left` bytes beside what it has.
function leaveMemory(gateway, left) {
  const has = Number(/VmData:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))[1]) * 1024;
  execFileSync('prlimit', ['--pid', `${gateway.pid}`, `--data=${has + left}`]);
}

describe('a gateway without memory', {skip: sanitized && 'a sanitizer ends the process when memory runs out'}, () => {
  it('answers 503 where it can, loses nobody else, and serves again', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = () => undefined;
    leaveMemory(gateway, 4 * mebibyte);
    const clients = [];
    const add = async (bytes) => {
      const client = await connect(scope, gateway.port).catch(() => undefined); // there may be no memory for it at all
      client?.send(bytes);
      if (client) clients.push(client);
    };
    for (let i = 0; i < uploads; ++i) {
      await add(request('POST', '/open/upload', {'Content-Length': '1000000'}, 'begin'));
      await add('GET /open/never HTTP/1.1\r\n'); // a third of that: what is left is too little for an upload first
    }
    await eventually('a request that finds no memory', () => clients.some(({text}) => text.includes('"out_of_memory"')));
    const refused = clients.find(({text}) => text.includes('"out_of_memory"'));
    const response = await refused.response();
    assert.equal(response.status, 503);
    assert.equal(response.json.reason, 'out_of_memory');
    assert.ok(response.get('retry-after'));
    // A line for which there was no memory is counted, and none is written in part: lines would throw.
    for (const {reason, side} of gateway.lines) assert.ok(reason !== 'out_of_memory' || side === 'gateway');
    for (const client of clients) client.socket.destroy();
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    await eventually('it serves again', async () => {
      const again = await exchange(scope, gateway.port, request('GET', '/open/again')).catch(() => undefined);
      return again?.response.status === 200;
    });
  });
});
