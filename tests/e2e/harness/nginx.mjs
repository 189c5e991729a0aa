// Debian's nginx as an upstream: a process of its own with a folder of its own.
import {mkdirSync} from 'node:fs';
import net from 'node:net';

import {freePort} from './free_port.mjs';
import {start} from './program.mjs';
import {eventually, within} from './waiting.mjs';

const configuration = (directory, port, server) => `
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    ${server}
  }
}
`;

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect({host: '127.0.0.1', port});
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false)).on('connect', () => socket.destroy());
});

// Starts nginx with the directives of its one server block: {port, endpoint, directory}.
export async function startNginx(scope, server) {
  const directory = scope.directory;
  const port = await freePort();
  mkdirSync(`${directory}/html`, {recursive: true});
  const file = scope.file('nginx.conf', configuration(directory, port, server));
  const running = start('/usr/sbin/nginx', ['-p', directory, '-c', file, '-e', `${directory}/error.log`]);
  scope.onClose(async () => {
    running.child.kill('SIGTERM');
    await within('the end of nginx', running.ended);
  });
  await eventually('nginx accepts', () => {
    if (running.over) throw new Error(`nginx ended: ${running.stderr}`);
    return accepts(port);
  });
  return {port, endpoint: `http://127.0.0.1:${port}`, directory};
}
