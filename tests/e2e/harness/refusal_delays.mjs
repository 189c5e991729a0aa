// Run as a program of its own, so that nothing else of a test delays it: how long tokens are still accepted after the answer to
// the request that ended them. Reads cases as JSON from stdin, takes one after the other, and prints for each and each gateway
// the milliseconds from that answer to the first refusal: [[1.2, 3.4, 2.3], ...]
//   {"end": {"port", "request", "status"}, "watched": {"ports": [...], "request"}}
import {readFileSync} from 'node:fs';
import net from 'node:net';

const pause = 2; // milliseconds between two polls: without any they would keep the machine from all else

// One connection that is kept; ask() gives {status, at}, the instant at which the response was there.
class Kept {
  constructor(port) {
    this.socket = net.connect({host: '127.0.0.1', port, noDelay: true});
    this.socket.on('error', (error) => this.settle?.reject(error));
    this.socket.on('close', () => this.settle?.reject(new Error('the gateway closed the connection')));
    this.socket.on('data', (bytes) => this.take(bytes));
  }

  take(bytes) {
    const at = performance.now();
    this.received = Buffer.concat([this.received, bytes]);
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.received.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.received.length >= end + 4 + length) this.settle.resolve({status: Number(head.split(' ')[1]), at});
  }

  ask(request) {
    this.received = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      this.settle = {resolve, reject};
      this.socket.write(request);
    });
  }
}

const connections = new Map();
function ask(port, request) {
  if (!connections.has(port)) connections.set(port, new Kept(port));
  return connections.get(port).ask(request);
}

async function expectStatus(port, request, status) {
  const answer = await ask(port, request);
  if (answer.status !== status) throw new Error(`${answer.status}, not ${status}`);
  return answer.at;
}

async function firstRefusal(port, request) {
  for (;;) {
    const {status, at} = await ask(port, request);
    if (status === 401) return at;
    if (status !== 200) throw new Error(`${status} to what was accepted or is refused`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const delays = [];
for (const {end, watched} of JSON.parse(readFileSync(0, 'utf8'))) {
  for (const port of watched.ports) await expectStatus(port, watched.request, 200);
  const ended = await expectStatus(end.port, end.request, end.status);
  const refused = await Promise.all(watched.ports.map((port) => firstRefusal(port, watched.request)));
  delays.push(refused.map((at) => Number((at - ended).toFixed(1))));
}
process.stdout.write(JSON.stringify(delays), () => process.exit(0));
