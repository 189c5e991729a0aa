// A process whose descriptors are all taken: it neither spins nor fails, and goes on when there are some again.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync, readlinkSync} from 'node:fs';
import {describe, it} from 'node:test';

import {cpuMilliseconds} from './harness/program.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const softLimit = (pid) => Number(/Max open files +(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))[1]);

// UBSan's check of an object's type opens a pipe, and reports the object where it cannot.
const skip = /asan/.test(process.env.POSTERN_PRESET ?? '') && 'the sanitizer needs descriptors itself';

function openFiles(pid) {
  return readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${number}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
}

// Until the gateway, which says that it serves before it has read its last file, has nothing open that it will close.
async function settled(gateway) {
  const before = new Set(openFiles(gateway.pid));
  await gateway.admin('/livez'); // is answered when the start is over
  await eventually('the connection of that is closed', () => openFiles(gateway.pid).every((file) => before.has(file)));
}

async function exhaust(scope, gateway) {
  await settled(gateway);
  const taken = [];
  for (let i = 0; i < 100; i += 1) taken.push(await connect(scope, gateway.port));
  await eventually('no descriptor is left', () => /accept on .*Too many open files/.test(gateway.stderr));
  return taken;
}

describe('without descriptors', () => {
  it('a gateway waits, says so once, and accepts again at most a second after some are free', {skip}, async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {workers: 1, under: ['prlimit', '--nofile=64:64']});
    const taken = await exhaust(scope, gateway);
    const before = {cpu: cpuMilliseconds(gateway.pid), at: performance.now()};
    const waiting = await connect(scope, gateway.port);
    waiting.send(request('GET', '/open'));
    await eventually('half a second has passed', () => performance.now() - before.at > 500);
    assert.ok(sanitized || cpuMilliseconds(gateway.pid) - before.cpu < 100, 'it spins');
    assert.equal(gateway.stderr.match(/accept on /g).length, 1);
    const freed = performance.now();
    for (const {socket} of taken) socket.destroy();
    assert.equal((await waiting.response()).status, 200);
    assert.ok(sanitized || performance.now() - freed < 1000, `${performance.now() - freed} ms`);
    assert.ok(await gateway.metric('postern_accept_errors_total') >= 2);
  });

  it('a request that needs an upstream connection gets 502 and leaves the gateway usable', {skip}, async (t) => {
    const scope = scoped(t);
    const {gateway} = await startStandard(scope, {under: ['prlimit', '--nofile=64:64']});
    const first = await connect(scope, gateway.port);
    first.send(request('GET', '/nowhere')); // is accepted, and has no upstream connection yet
    assert.equal((await first.response()).status, 404);
    const taken = await exhaust(scope, gateway);
    first.send(request('GET', '/open'));
    const refused = await first.response();
    assert.equal(refused.status, 502);
    assert.equal(refused.json.reason, 'upstream_unavailable');
    for (const {socket} of taken) socket.destroy();
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'))).response.status, 200);
  });

  it('a process asks for as many as it may have', async (t) => {
    const {gateway} = await startStandard(scoped(t), {under: ['prlimit', '--nofile=64:512']});
    assert.equal(softLimit(gateway.pid), 512);
  });
});
