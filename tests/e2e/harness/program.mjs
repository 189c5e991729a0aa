// Running programs: to their end, or until a scope ends them.
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

import {within} from './waiting.mjs';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const postern = process.env.POSTERN ?? `${repository}build/release/postern`;
export const debianPython = '/usr/bin/python3'; // the modules come from Debian packages

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

// POSTERN_* of the developer's shell are no part of a test.
function environment(extra) {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('POSTERN_') && !name.startsWith('NODE_'));
  return {...Object.fromEntries(clean), ...extra};
}

// A started program with everything that it wrote; `ended` resolves to {code, signal}.
export function start(command, args, {env = {}, cwd, onOutput = () => {}} = {}) {
  const child = spawn(command, args, {env: environment(env), cwd, stdio: ['pipe', 'pipe', 'pipe']});
  children.add(child);
  const running = {child, stdout: '', stderr: '', over: false};
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text) => {
      running[name] += text;
      onOutput(name, text);
    });
  }
  child.stdin.on('error', () => {}); // a program may end without reading its input
  running.ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({code: null, signal: null, error}));
    child.on('close', (code, signal) => resolve({code, signal}));
  }).then((ending) => {
    children.delete(child);
    running.over = true;
    return ending;
  });
  return running;
}

// Runs a program to its end: {code, signal, stdout, stderr}.
export async function run(command, args, {input = '', milliseconds, ...options} = {}) {
  const running = start(command, args, options);
  running.child.stdin.end(input);
  try {
    const ending = await within(`the end of ${command} ${args.join(' ')}`, running.ended, milliseconds);
    if (ending.error) throw ending.error;
    return {...ending, stdout: running.stdout, stderr: running.stderr};
  } finally {
    if (!running.over) running.child.kill('SIGKILL');
  }
}

export const runPostern = (args, options) => run(postern, args, options);

// CPU time that a process has used; the kernel counts it in hundredths of a second.
export function cpuMilliseconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
