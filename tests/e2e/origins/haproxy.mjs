// HAProxy before a Node server: another hop that reads the message anew, and an origin behind it.
import {freePort} from '../harness/free_port.mjs';
import {folderOf, loggedFields, logFormat, parseLog, startDaemon, write} from './daemon.mjs';
import {startNode} from './node.mjs';

const captured = (field) => `%[capture.req.hdr(${loggedFields.indexOf(field)})]`;

const configuration = (port, behind) => `
global
  log stdout format raw local0
  maxconn 256
defaults
  mode http
  option dontlognull
  log global
  log-format "${logFormat('%r', captured)}"
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend origin
  bind 127.0.0.1:${port}
${loggedFields.map((field) => `  http-request capture req.fhdr(${field}) len 200`).join('\n')}
  default_backend behind
backend behind
  http-reuse always
  server node 127.0.0.1:${behind}
`;

export async function startHaproxy(scope) {
  const behind = await startNode(scope);
  const directory = folderOf(scope, 'haproxy');
  const port = await freePort();
  const file = write(`${directory}/haproxy.cfg`, configuration(port, behind.port));
  const running = await startDaemon(scope, {
    program: '/usr/sbin/haproxy', debianPackage: 'haproxy', port, args: ['-db', '-f', file],
  });
  return {port, seen: () => parseLog(running.stdout), behind};
}
