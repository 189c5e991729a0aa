// An HTTP proxy that leads every CONNECT, whatever name it asks for, to one port of loopback.
import http from 'node:http';
import net from 'node:net';

// {url, connects: the authorities that were asked for, fields: of each CONNECT}; the scope ends it.
export async function startForwardProxy(scope, {to}) {
  const proxy = {connects: [], fields: []};
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = http.createServer((_, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', (request, client) => {
    proxy.connects.push(request.url);
    proxy.fields.push(request.headers);
    const target = net.connect(to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    keep(target);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  scope.onClose(() => new Promise((resolve) => {
    server.close(resolve);
    sockets.forEach((socket) => socket.destroy());
  }));
  return proxy;
}
