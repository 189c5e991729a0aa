// lighttpd with a CGI application: a header's name reaches it with `_` for each character that is no letter or digit.
import {readFileSync} from 'node:fs';

import {freePort} from '../harness/free_port.mjs';
import {folderOf, logFormat, readLog, startDaemon, write} from './daemon.mjs';

const application = new URL('answer.cgi', import.meta.url);

// A log behind a pipe is written line by line, a file every four seconds.
const configuration = (directory, port) => `
server.modules = ("mod_accesslog", "mod_access", "mod_rewrite", "mod_cgi")
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${directory}"
server.errorlog = "${directory}/error.log"
server.max-keep-alive-requests = 100000
server.max-keep-alive-idle = 60
server.stream-response-body = 1
accesslog.filename = "|cat >> ${directory}/access.log"
accesslog.format = "${logFormat('%r', (field) => `%{${field}}i`)}"
url.rewrite-once = ("/closing$" => "/closing.cgi", "^(?!/open/early$)" => "/answer.cgi")
cgi.assign = (".cgi" => "/bin/sh")
url.access-deny = ("/early")
$HTTP["url"] == "/closing.cgi" { server.max-keep-alive-requests = 0 }
`;

export async function startLighttpd(scope) {
  const directory = folderOf(scope, 'lighttpd');
  const port = await freePort();
  for (const name of ['answer', 'closing']) write(`${directory}/${name}.cgi`, readFileSync(application));
  const file = write(`${directory}/lighttpd.conf`, configuration(directory, port));
  await startDaemon(scope, {program: '/usr/sbin/lighttpd', debianPackage: 'lighttpd', port, args: ['-D', '-f', file]});
  return {port, seen: () => readLog(`${directory}/access.log`)};
}
