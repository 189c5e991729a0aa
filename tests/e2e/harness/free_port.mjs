// Ports for what cannot take port 0: it is named before it listens, or is to come back at the same place.
import {readFileSync} from 'node:fs';
import net from 'node:net';

const first = 10_000;
// From here on the kernel gives ports away: for port 0, and for each connection that is made. Where it leaves too few, some of its own.
const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
const end = Math.max(parseInt(range, 10), first + 10_000);

const isFree = (port) => new Promise((resolve) => {
  const probe = net.createServer();
  probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
});

// A port of loopback on which nobody listens, and which nobody is given meanwhile.
export async function freePort() {
  for (;;) {
    const port = first + Math.floor(Math.random() * (end - first));
    if (await isFree(port)) return port;
  }
}
