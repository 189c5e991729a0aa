// Run as a program of its own: takes every connection, reads what comes and says nothing. Prints its port. node sink.mjs
import net from 'node:net';

const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.resume();
});
server.listen({host: '127.0.0.1', port: 0, backlog: 1024}, () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
