// nginx, which answers by itself.
import {freePort} from '../harness/free_port.mjs';
import {folderOf, logFormat, readLog, startDaemon, write} from './daemon.mjs';

const variable = (field) => (/[_.]/.test(field) ? '-' : `$http_${field.toLowerCase().replaceAll('-', '_')}`);

// With underscores_in_headers X_User_Id becomes $http_x_user_id, as X-User-Id does.
const configuration = (directory, port) => `
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 256; }
http {
  log_format seen escape=none '${logFormat('$request', variable)}';
  access_log ${directory}/access.log seen;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_requests 100000;
  underscores_in_headers on;
  default_type text/plain;
  server {
    listen 127.0.0.1:${port};
    merge_slashes off;
    location / { return 200 "$request_method $request_uri user=$http_x_user_id\\n"; }
    location = /open/empty { return 204; }
    location = /open/unchanged { return 304; }
    location = /open/stream { sub_filter_types *; sub_filter x y; return 200 "streamed\\n"; }
    location = /open/early { return 403 "early\\n"; }
    location = /open/closing { keepalive_timeout 0; return 200 "closing\\n"; }
  }
}
`;

export async function startNginxOrigin(scope) {
  const directory = folderOf(scope, 'nginx');
  const port = await freePort();
  const file = write(`${directory}/nginx.conf`, configuration(directory, port));
  await startDaemon(scope, {
    program: '/usr/sbin/nginx', debianPackage: 'nginx-light', port,
    args: ['-p', directory, '-c', file, '-e', `${directory}/error.log`],
  });
  return {port, seen: () => readLog(`${directory}/access.log`)};
}
