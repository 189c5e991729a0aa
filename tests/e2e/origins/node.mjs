// Node's own HTTP server, which keeps every request's raw head.
import http from 'node:http';

const answers = {
  '/open/empty': (response) => response.writeHead(204).end(),
  '/open/unchanged': (response) => response.writeHead(304, {ETag: '"1"'}).end(),
  '/open/stream': (response) => { response.write('streamed '); response.end('in parts\n'); },
  '/open/closing': (response) => response.writeHead(200, {Connection: 'close'}).end('closing\n'),
};

const pairs = (flat) => flat.flatMap((value, i) => (i % 2 ? [[flat[i - 1], value]] : []));

function answer(request, response) {
  if (request.url === '/open/early') return response.writeHead(403).end('early\n');
  request.resume().on('end', () => {
    const special = answers[request.url];
    if (special) special(response);
    else response.end(`${request.method} ${request.url} user=${request.headers['x-user-id'] ?? ''}\n`);
  });
  return undefined;
}

export async function startNode(scope) {
  const seen = [];
  const server = http.createServer({keepAliveTimeout: 60_000}, (request, response) => {
    const {method, url, httpVersion} = request;
    const record = {line: `${method} ${url} HTTP/${httpVersion}`, fields: pairs(request.rawHeaders), trailers: []};
    seen.push(record);
    request.on('end', () => { record.trailers = pairs(request.rawTrailers); });
    answer(request, response);
  });
  // Bytes that it took for the beginning of a request.
  server.on('clientError', (error, socket) => {
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') {
      seen.push({line: `${error.rawPacket?.toString('latin1')}`, fields: [], malformed: error.code});
    }
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onClose(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return {port: server.address().port, seen: () => seen};
}
