// Thousands of connections of each kind of attack: what one of them costs, that honest requests are answered meanwhile, and that
// everything is given back. `./test siege` has the machine to itself and judges the honest requests' times as well.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync, readlinkSync} from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import {fileURLToPath} from 'node:url';
import {describe, it} from 'node:test';

import {makeAuthority} from './harness/certificates.mjs';
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
// When they are gone: pages that something small still lies on, for each of them, and the buffers that a worker keeps.
const keptKiB = 8;
const reusedKiB = 16 * 1024;
const idleMax = 16;
const spareDescriptors = 4; // connections of the admin listener come and go
const largest = 1_000_000;
const padding = `X-Pad: ${'p'.repeat(15_000)}\r\n`;

// kind: what each connection sends first, what each sends again and again while it is held, how many there are; `port` is of the
// listener with TLS, `secure` says that the handshake is completed.
const attacks = {
  'connections that say nothing': {first: ''},
  'connections that stay after a request': {first: request('GET', '/open')},
  'heads that come a byte at a time': {first: 'GET /open HTTP/1.1\r\nHost: a\r\nX-Slow: ', then: 's'},
  'heads of almost 16 KiB without an end': {first: `GET /open HTTP/1.1\r\nHost: a\r\n${padding}`},
  'bodies that come a byte at a time': {count: some, first: `POST /open HTTP/1.1\r\nHost: a\r\n${padding}Content-Length: 90000\r\n\r\n`, then: 'b'},
  'chunked bodies that come a byte at a time': {count: some, first: 'POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n', then: 'b'},
  'trailers that come a byte at a time': {count: some, first: 'POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ', then: 't'},
  'trailers of 8 KiB without an end': {count: some, first: `POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ${'t'.repeat(8000)}`},
  'TLS handshakes that do not go on': {port: 1, first: '\x16'},
  'TLS connections that stay after a request': {port: 1, secure: true, count: some, first: request('GET', '/open')},
  'bodies whose upstream does not read': {count: few, first: `POST /open/deaf HTTP/1.1\r\nHost: a\r\n${padding}Content-Length: 9000000\r\n\r\n${'b'.repeat(largest)}`},
  'responses that nobody reads': {count: few, first: `GET /open/large HTTP/1.1\r\nHost: a\r\n${padding}\r\n`, deaf: true},
  'refused tokens': {first: request('GET', '/orders', [bearer(`${'a'.repeat(500)}.b.c`)])},
};

class Attackers {
  sockets = [];

  constructor(scope, {deaf = false, secure = false}) {
    Object.assign(this, {deaf, secure});
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
      const options = {host: '127.0.0.1', port};
      const socket = this.secure ? tls.connect({...options, rejectUnauthorized: false}) : net.connect(options);
      socket.once(this.secure ? 'secureConnect' : 'connect', () => {
        socket.write(Buffer.from(first, 'latin1'));
        resolve();
      });
      socket.on('error', reject); // of no matter once it is connected
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
  config.upstreams.orders.pool = {max_idle: idleMax};
  config.upstreams.honest = {endpoints: [nginx.endpoint]};
  config.routes[0].upstream = 'honest';
  const {certificateFile, keyFile} = await (await makeAuthority(scope)).issue('a');
  config.listeners.push({address: '127.0.0.1:0', tls: {certificates: [{certificate_file: certificateFile, key_file: keyFile}]}});
  const gateway = await startGateway(scope, config);
  return {gateway, victim, honest: request('GET', '/orders', [bearer(await mint(key))])};
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

// {kib, descriptors, upstream: connections to the attacked one}
function held({gateway, victim}) {
  const files = readdirSync(`/proc/${gateway.pid}/fd`).map((name) => linkOf(`/proc/${gateway.pid}/fd/${name}`));
  const sockets = new Set(files.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const remote = `:${victim.port.toString(16).toUpperCase().padStart(4, '0')}`;
  const connections = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  const upstream = connections.filter(([, , peer, , , , , , , inode]) => peer?.endsWith(remote) && sockets.has(inode)).length;
  return {kib: gateway.residentKiB(), descriptors: files.length, upstream};
}
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

// What an attacker could have taken for good: connections, of both sides, descriptors, and memory. The allocator keeps some, and
// what it can give back it gives within seconds.
async function givesBack(besieged, before, count) {
  await eventually('all of them are gone', async () => await open(besieged.gateway) === 0);
  await eventually('their upstream connections are gone, but those that are kept for others', () => held(besieged).upstream <= idleMax);
  await eventually('their descriptors are free', () => {
    const {descriptors, upstream} = held(besieged);
    return descriptors - upstream <= before.descriptors - before.upstream + spareDescriptors;
  });
  const kept = () => held(besieged).kib - before.kib;
  if (!sanitized) await eventually('their memory is given back', () => kept() <= keptKiB * count + reusedKiB).catch(() => {});
  return kept() / count;
}

describe('a siege', {concurrency: false}, () => {
  for (const [name, attack] of Object.entries(attacks)) {
    const {count = many, first, then, port = 0} = attack;
    it(`of ${count} ${name}`, async (t) => {
      const scope = scoped(t);
      const besieged = await startBesieged(scope);
      const {gateway} = besieged;
      const decoys = then ? await startDecoys(scope, first) : undefined;
      await keepPace(besieged);
      const before = await keepPace(besieged);
      const resting = held(besieged);

      const attackers = new Attackers(scope, attack);
      await attackers.open(gateway.ports[port], count, first);
      await eventually('all of them are there', async () => await open(gateway) >= count);
      await settled(gateway);
      const p99 = then ? await keepPaceUnder(attackers, decoys, then, besieged)
        : {elsewhere: before, here: await keepPace(besieged)};
      const cost = (held(besieged).kib - resting.kib) / count;
      assert.ok(await open(gateway) >= count, 'they were all there to the end');
      attackers.leave();
      const kept = await givesBack(besieged, resting, count);
      const after = await keepPace(besieged);

      t.diagnostic(`${cost.toFixed(1)} KiB each, ${kept.toFixed(1)} KiB kept; p99 ${p99.here} ms, else ${p99.elsewhere} ms, afterwards ${after} ms, before ${before} ms`);
      if (!sanitized) assert.ok(cost <= connectionKiB + spareKiB / count, `${cost} KiB for each connection`);
      if (!sanitized) assert.ok(kept <= keptKiB + reusedKiB / count, `${kept} KiB kept of each connection`);
      if (alone) assert.ok(p99.here <= 2 * p99.elsewhere, 'honest requests were delayed');
      if (alone) assert.ok(after <= 2 * before, 'honest requests are delayed when it is over');
    });
  }
});
