// Run as a program of its own, so that nothing else of a test delays it: sends one request after the other on one connection and
// prints how long they took, in milliseconds: {"answered", "p50", "p99"}. node pace.mjs PORT COUNT REQUEST-IN-BASE64
import net from 'node:net';

const [port, count, encoded] = process.argv.slice(2);
const request = Buffer.from(encoded, 'base64');
const end = Buffer.from('\r\n\r\n');
const times = [];
let received = Buffer.alloc(0);
let begun;

const socket = net.connect({host: '127.0.0.1', port: Number(port), noDelay: true}, send);
function send() {
  begun = performance.now();
  socket.write(request);
}
socket.on('data', (bytes) => {
  received = received.length ? Buffer.concat([received, bytes]) : bytes;
  const head = received.indexOf(end);
  if (head < 0) return;
  const text = received.subarray(0, head).toString('latin1');
  const size = head + end.length + Number(/^content-length: (\d+)/im.exec(text)[1]);
  if (received.length < size) return;
  received = received.subarray(size);
  if (text.startsWith('HTTP/1.1 200 ')) times.push(performance.now() - begun);
  if (times.length === Number(count)) finish();
  else if (text.startsWith('HTTP/1.1 200 ')) send();
  else finish();
});
socket.on('error', finish);
socket.on('end', finish);

function finish() {
  socket.destroy();
  times.sort((a, b) => a - b);
  const at = (part) => Number((times[Math.floor(times.length * part)] ?? Infinity).toFixed(3));
  process.stdout.write(JSON.stringify({answered: times.length, p50: at(0.5), p99: at(0.99)}), () => process.exit(0));
}
