// A gateway's clocks, which a test sets.
import assert from 'node:assert/strict';
import {closeSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

import {run} from './program.mjs';
import {sanitized} from './waiting.mjs';

export const cannotShift = sanitized && 'a sanitizer\'s library must be the first that is loaded';

// `env` is for the gateway; set() says by how many seconds its clocks are ahead from now on.
export async function shiftedClocks(scope, ahead = {}) {
  const library = join(scope.directory, 'shifted_clocks.so'), file = join(scope.directory, 'shifted_clocks');
  const source = fileURLToPath(new URL('shifted_clocks.c', import.meta.url));
  const {code, stderr} = await run('gcc', ['-O1', '-Wall', '-Wextra', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  assert.equal(code, 0, stderr);
  const open = openSync(file, 'w');
  scope.onClose(() => closeSync(open));
  // In place and never shorter: the gateway has the file mapped.
  const set = ({wall = 0, steady = 0}) => {
    writeSync(open, Buffer.from(BigInt64Array.of(BigInt(wall), BigInt(steady)).buffer), 0, 16, 0);
  };
  set(ahead);
  return {env: {LD_PRELOAD: library, SHIFTED_CLOCKS: file}, set};
}
