// What the origins have in common: server programs of Debian in the foreground, and logs of one form.
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import net from 'node:net';

import {start} from '../harness/program.mjs';
import {eventually, within} from '../harness/waiting.mjs';

// A folder of the origin's own. Servers that give up root must still be able to read it.
export function folderOf(scope, name) {
  const directory = `${scope.directory}/${name}`;
  mkdirSync(directory, {recursive: true});
  chmodSync(scope.directory, 0o711);
  chmodSync(directory, 0o777);
  return directory;
}

export function write(file, content, mode = 0o644) {
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect({host: '127.0.0.1', port});
  socket.on('connect', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
});

// Starts a program that serves `port`; the scope ends it. A program that is not installed is an error, never a skip.
export async function startDaemon(scope, {program, debianPackage, args, port}) {
  if (!existsSync(program)) throw new Error(`${program} is not there: install Debian's package ${debianPackage}`);
  const running = start(program, args);
  scope.onClose(async () => {
    running.child.kill('SIGTERM');
    await within(`the end of ${program}`, running.ended);
  });
  await eventually(`${program} accepts`, () => {
    if (running.over) throw new Error(`${program} ended: ${running.stdout}${running.stderr}`);
    return accepts(port);
  });
  return running;
}

// The columns of an access log's line behind its first one, which is the request line; `|` stands between them.
export const loggedFields = ['Host', 'X-User-Id', 'X_User_Id', 'X.User.Id', 'Content-Length', 'Transfer-Encoding'];

// The log line of a format that names each column by `column(field)`.
export const logFormat = (requestLine, column) => [requestLine, ...loggedFields.map(column)].join('|');

// What a server saw of a request: {line: its request line, fields: those that were logged, as [name, value] pairs}.
export function parseLog(text) {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').filter((line) => line.includes('|')).map((logged) => {
    const [line, ...values] = logged.split('|');
    const fields = loggedFields.map((name, i) => [name, values[i]]).filter(([, value]) => value && value !== '-');
    return {line, fields};
  });
}

export const readLog = (file) => parseLog(existsSync(file) ? readFileSync(file, 'latin1') : '');
