// A port whose backlog is full, so that connecting to it hangs, on loopback too.
import {fileURLToPath} from 'node:url';

import {debianPython, start} from './program.mjs';
import {eventually, within} from './waiting.mjs';

export async function startFullListener(scope) {
  const running = start(debianPython, [fileURLToPath(new URL('hold_backlog.py', import.meta.url))]);
  scope.onClose(() => {
    running.child.stdin.end();
    return within('the end of the full listener', running.ended);
  });
  return Number(await eventually('the full listener', () => /^(\d+)\n/.exec(running.stdout)?.[1]));
}
