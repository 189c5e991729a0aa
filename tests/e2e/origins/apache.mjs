// Apache with its event module and a CGI application.
import {readFileSync} from 'node:fs';

import {freePort} from '../harness/free_port.mjs';
import {folderOf, logFormat, readLog, startDaemon, write} from './daemon.mjs';

const application = new URL('answer.cgi', import.meta.url);
const modules = {mpm_event_module: 'mpm_event', authz_core_module: 'authz_core', alias_module: 'alias',
  setenvif_module: 'setenvif', cgid_module: 'cgid'};

const configuration = (directory, port) => `
${Object.entries(modules).map(([name, file]) => `LoadModule ${name} /usr/lib/apache2/modules/mod_${file}.so`).join('\n')}
ServerName origin.test
Listen 127.0.0.1:${port}
PidFile ${directory}/apache.pid
DefaultRuntimeDir ${directory}
ScriptSock ${directory}/cgid.sock
Mutex file:${directory} default
ErrorLog ${directory}/error.log
LogFormat "${logFormat('%r', (field) => `%{${field}}i`)}" seen
CustomLog ${directory}/access.log seen
DocumentRoot ${directory}
StartServers 1
MaxKeepAliveRequests 0
KeepAliveTimeout 60
AllowEncodedSlashes NoDecode
SetEnvIf Request_URI /closing$ nokeepalive
<Location /open/early>
  Require all denied
</Location>
ScriptAliasMatch ^ ${directory}/answer.cgi
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
`;

export async function startApache(scope) {
  const directory = folderOf(scope, 'apache');
  const port = await freePort();
  write(`${directory}/answer.cgi`, readFileSync(application), 0o755);
  const file = write(`${directory}/apache.conf`, configuration(directory, port));
  await startDaemon(scope, {
    program: '/usr/sbin/apache2', debianPackage: 'apache2', port, args: ['-d', directory, '-f', file, '-DFOREGROUND'],
  });
  // A refusal of its own, too, waits for the body.
  return {port, waitsForBodies: true, seen: () => readLog(`${directory}/access.log`)};
}
