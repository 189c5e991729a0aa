// Python's http.server: with a handler that reads its bodies, and with one that does not.
import {fileURLToPath} from 'node:url';

import {debianPython, start} from '../harness/program.mjs';
import {eventually, within} from '../harness/waiting.mjs';

const program = fileURLToPath(new URL('python_origin.py', import.meta.url));

async function startWith(scope, ...args) {
  const running = start(debianPython, ['-B', program, ...args]);
  scope.onClose(async () => {
    running.child.kill('SIGTERM');
    await within('the end of python_origin.py', running.ended);
  });
  const port = Number(await eventually('the port of python_origin.py', () => {
    if (running.over) throw new Error(`python_origin.py ended: ${running.stderr}`);
    return /^(\d+)\n/.exec(running.stdout)?.[1];
  }));
  // {event: 'read', 'answered' or 'closed', line, fields}
  const events = () => running.stdout.slice(0, running.stdout.lastIndexOf('\n') + 1).split('\n').slice(1).filter(Boolean)
    .map((line) => JSON.parse(line));
  return {port, events, seen: () => events().filter(({event}) => event === 'read')};
}

export const startPython = (scope) => startWith(scope);
export const startLazyPython = (scope) => startWith(scope, '--lazy');
