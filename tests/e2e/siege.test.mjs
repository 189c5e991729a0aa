// Thousands of connections of each kind of attack: what one of them costs, that honest requests are answered meanwhile, and that
// everything is given back. `./test siege` has the machine to itself and judges the honest requests' times as well.
import assert from 'node:assert/strict';
import net from 'node:net';
import {fileURLToPath} from 'node:url';
import {describe, it} from 'node:test';

import {startGateway} from './harness/gateway.mjs';
import {startNginx} from './harness/nginx.mjs';
import {cpuMilliseconds, run, start} from './harness/program.mjs';
import {ok, startUpstream} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const alone = process.env.SIEGE !== undefined;
const many = sanitized ? 300 : 10_000; // each a descriptor here and one of the gateway's
const some = many * 0.4;               // the gateway holds an upstream connection for each as well
const few = sanitized ? 50 : 1000;     // that move a megabyte each
const connectionKiB = 64;
const spareKiB = 4096; // of the whole process: tables that grow in steps
const largest = 1_000_000;
const padding = `X-Pad: ${'p'.repeat(15_000)}\r\n`;

// kind: what each connection sends first, what each sends again and again while it is held, how many there are.
const attacks = {
  'connections that say nothing': {first: ''},
  'connections that stay after a request': {first: request('GET', '/open')},
  'heads that come a byte at a time': {first: 'GET /open HTTP/1.1\r\nHost: a\r\nX-Slow: ', then: 's'},
  'heads of almost 16 KiB without an end': {first: `GET /open HTTP/1.1\r\nHost: a\r\n${padding}`},
  'bodies that come a byte at a time': {count: some, first: `POST /open HTTP/1.1\r\nHost: a\r\n${padding}Content-Length: 90000\r\n\r\n`, then: 'b'},
  'chunked bodies that come a byte at a time': {count: some, first: 'POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n', then: 'b'},
  'trailers that come a byte at a time': {count: some, first: 'POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ', then: 't'},
  'bodies whose upstream does not read': {count: few, first: `POST /open/deaf HTTP/1.1\r\nHost: a\r\n${padding}Content-Length: 9000000\r\n\r\n${'b'.repeat(largest)}`},
  'responses that nobody reads': {count: few, first: `GET /open/large HTTP/1.1\r\nHost: a\r\n${padding}\r\n`, deaf: true},
  'refused tokens': {first: request('GET', '/orders', [bearer(`${'a'.repeat(500)}.b.c`)])},
};

class Attackers {
  sockets = [];

  constructor(scope, {deaf = false}) {
    this.deaf = deaf;
    scope.onClose(() => this.leave());
  }

  // In steps, so that the queue of the listening socket does not overflow.
  async open(port, count, first) {
    for (let begun = 0; begun < count; begun += 100) {
      await Promise.all(Array.from({length: Math.min(100, count - begun)}, () => this.#one(port, first)));
    }
  }

  #one(port, first) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({host: '127.0.0.1', port});
      socket.once('connect', () => {
        socket.write(first);
        resolve();
      });
      socket.on('error', (error) => { if (socket.connecting) reject(error); });
      if (this.deaf) socket.pause();
      else socket.resume();
      this.sockets.push(socket);
    });
  }

  // One after the other sends `bytes`, ten thousand in a second and not in bursts, until pause().
  persist(bytes) {
    let next = 0;
    this.timer = setInterval(() => {
      for (let i = 0; i < 10; i += 1) this.sockets[next++ % this.sockets.length].write(bytes);
    }, 1);
  }

  pause() {
    clearInterval(this.timer);
  }

  leave() {
    this.pause();
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }
}

// Reads nothing of a body that is sent to /open/deaf, and answers /open/large with megabytes.
const startVictim = (scope) => startUpstream(scope, {
  onBytes(connection) {
    connection.bytes = Buffer.alloc(0); // ten thousand of them are not kept
    if (!connection.unread.subarray(0, 30).includes('/open/deaf')) return false;
    connection.socket.pause();
    connection.unread = Buffer.alloc(0);
    return true;
  },
  answer: ({target}) => target.startsWith('/open/large')
    ? `HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n${'r'.repeat(largest)}` : ok,
});

// Honest requests go to an upstream of their own, which no attack reaches.
async function startBesieged(scope) {
  const key = await makeKey('RS256');
  const victim = await startVictim(scope);
  const nginx = await startNginx(scope, 'keepalive_requests 1000000; location / { return 200 "fine"; }');
  const config = standardConfig({
    endpoint: victim.endpoint,
    jwksFile: scope.file('jwks.json', jwks(key)),
    timeouts: {head: '60s', stream_idle: '60s'},
  });
  config.upstreams.honest = {endpoints: [nginx.endpoint]};
  config.routes[0].upstream = 'honest';
  const gateway = await startGateway(scope, config);
  return {gateway, honest: request('GET', '/orders', [bearer(await mint(key))])};
}

// Whoever sends ten thousand times in a second, and whoever takes it, have the machine's cores as well: what that does to honest
// requests is seen while the same is sent to a program that reads and forgets.
async function startDecoys(scope, first) {
  const sink = start(process.execPath, [fileURLToPath(new URL('harness/sink.mjs', import.meta.url))]);
  scope.onClose(() => sink.child.kill('SIGKILL'));
  await eventually('the sink listens', () => sink.stdout.includes('\n'));
  const decoys = new Attackers(scope, {});
  await decoys.open(Number(sink.stdout), 1000, first);
  return decoys;
}

const pace = fileURLToPath(new URL('harness/pace.mjs', import.meta.url));
const slices = alone ? 9 : 1;
const inSlice = alone ? 1000 : 500;
async function pacedSlice({gateway, honest}) {
  const encoded = Buffer.from(honest, 'latin1').toString('base64');
  const {stdout} = await run(process.execPath, [pace, String(gateway.port), String(inSlice), encoded]);
  const {answered, p99} = JSON.parse(stdout);
  assert.equal(answered, inSlice);
  return p99;
}
// Of the slices' 99th percentiles, so that what else the machine does in one of them is no matter.
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
async function keepPace(besieged) {
  const results = [];
  for (let i = 0; i < slices; i += 1) results.push(await pacedSlice(besieged));
  return median(results);
}
// Alternating: {elsewhere, here}, by what is attacked meanwhile.
async function keepPaceUnder(attackers, decoys, then, besieged) {
  const results = {elsewhere: [], here: []};
  for (let i = 0; i < slices; i += 1) {
    for (const [name, senders] of [['elsewhere', decoys], ['here', attackers]]) {
      senders.persist(then);
      results[name].push(await pacedSlice(besieged));
      senders.pause();
    }
  }
  return {elsewhere: median(results.elsewhere), here: median(results.here)};
}
// What the attack moves before it stalls is traffic like any other.
function settled(gateway) {
  let used = -1;
  let since = 0;
  return eventually('nothing moves any more', () => {
    const now = cpuMilliseconds(gateway.pid);
    if (now !== used) [used, since] = [now, performance.now()];
    return performance.now() - since > 100;
  });
}
const open = (gateway) => gateway.metric('postern_downstream_connections_open');

describe('a siege', {concurrency: false}, () => {
  for (const [name, attack] of Object.entries(attacks)) {
    const {count = many, first, then} = attack;
    it(`of ${count} ${name}`, async (t) => {
      const scope = scoped(t);
      const besieged = await startBesieged(scope);
      const {gateway} = besieged;
      const decoys = then ? await startDecoys(scope, first) : undefined;
      await keepPace(besieged);
      const before = await keepPace(besieged);
      const resting = gateway.residentKiB();

      const attackers = new Attackers(scope, attack);
      await attackers.open(gateway.port, count, first);
      await eventually('all of them are there', async () => await open(gateway) >= count);
      await settled(gateway);
      const p99 = then ? await keepPaceUnder(attackers, decoys, then, besieged)
        : {elsewhere: before, here: await keepPace(besieged)};
      const cost = (gateway.residentKiB() - resting) / count;
      assert.ok(await open(gateway) >= count, 'they were all there to the end');
      attackers.leave();
      await eventually('all of them are gone', async () => await open(gateway) === 0);
      const after = await keepPace(besieged);
      const kept = (gateway.residentKiB() - resting) / count;

      t.diagnostic(`${cost.toFixed(1)} KiB each, ${kept.toFixed(1)} KiB kept; p99 ${p99.here} ms, else ${p99.elsewhere} ms, afterwards ${after} ms`);
      if (!sanitized) assert.ok(cost <= connectionKiB + spareKiB / count, `${cost} KiB for each connection`);
      if (alone) assert.ok(p99.here <= 2 * p99.elsewhere, 'honest requests were delayed');
    });
  }
});
