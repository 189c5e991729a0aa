// Memory that runs out: requests that find none get 503, the gateway goes on, and serves again once there is some.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import {connect, exchange} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const mebibyte = 1 << 20;
const mostHeads = 400; // each holds some 30 KiB, an upload three times that while its upstream is awaited

// What the process may still write to from now on: `left` bytes beside what it has.
function leaveMemory(gateway, left) {
  const has = Number(/VmData:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))[1]) * 1024;
  execFileSync('prlimit', ['--pid', `${gateway.pid}`, `--data=${has + left}:`]);
}

describe('a gateway without memory', {skip: sanitized && 'a sanitizer ends the process when memory runs out'}, () => {
  it('answers 503 where it can, loses nobody else, and serves again', async (t) => {
    const scope = scoped(t);
    const {gateway, upstream} = await startStandard(scope);
    upstream.answer = () => undefined;
    leaveMemory(gateway, 4 * mebibyte);
    const add = async (bytes) => {
      const client = await connect(scope, gateway.port).catch(() => undefined); // there may be no memory for it at all
      client?.send(bytes);
      return client;
    };
    // Heads that do not end take what there is, until there is too little for one more: it is closed without a word.
    const heads = [];
    while (heads.length < mostHeads && heads.every((head) => head && !head.isOver)) {
      heads.push(await add('GET /open/never HTTP/1.1\r\n'));
    }
    // What a head gives back is enough for an upload to begin, and too little for all of it.
    const uploads = [];
    await eventually('a request that finds no memory', async () => {
      heads.shift()?.socket.destroy();
      uploads.push(await add(request('POST', '/open/upload', {'Content-Length': '1000000'}, 'begin')));
      return uploads.some((upload) => upload?.text.includes('"out_of_memory"'));
    });
    const refused = uploads.find((upload) => upload?.text.includes('"out_of_memory"'));
    const response = await refused.response();
    assert.equal(response.status, 503);
    assert.equal(response.json.reason, 'out_of_memory');
    assert.ok(response.get('retry-after'));
    // A line for which there was no memory is counted, and none is written in part: lines would throw.
    for (const {reason, side} of gateway.lines) assert.ok(reason !== 'out_of_memory' || side === 'gateway');
    for (const client of [...heads, ...uploads]) client?.socket.destroy();
    upstream.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    await eventually('it serves again', async () => {
      const again = await exchange(scope, gateway.port, request('GET', '/open/again')).catch(() => undefined);
      return again?.response.status === 200;
    });
  });
});

describe('a reload that finds no memory', {skip: sanitized && 'a sanitizer ends the process when memory runs out'}, () => {
  it('is refused, by a signal or the admin listener, and the gateway serves on', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const config = readFileSync(gateway.configFile, 'utf8');
    writeFileSync(gateway.configFile, `${config}\n#${' '.repeat(8 * mebibyte)}`);
    leaveMemory(gateway, mebibyte);
    gateway.signal('SIGHUP');
    await eventually('the reload by a signal is refused', () => /reload refused/.test(gateway.stderr));
    const asked = await gateway.admin('/reload', {method: 'POST'});
    assert.equal(asked.status, 422);
    assert.match(asked.text, /out of memory/);
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
    execFileSync('prlimit', ['--pid', `${gateway.pid}`, '--data=unlimited:']);
    writeFileSync(gateway.configFile, config);
    assert.equal((await gateway.admin('/reload', {method: 'POST'})).status, 200);
  });
});

describe('what is resident after a start', {skip: sanitized && 'a sanitizer has memory of its own'}, () => {
  it('is not what only the start has read', async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope);
    const isSmall = () => gateway.residentKiB() * 1024 < 10e6;
    await eventually('less than 10 MB are resident', isSmall);
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
    assert.ok(isSmall());
  });
});
