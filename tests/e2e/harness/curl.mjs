// curl as a client: {exitCode, status, fields, get(), text}.
import {run} from './program.mjs';

export async function curl(...args) {
  const ending = await run('curl', ['--silent', '--show-error', '--include', '--noproxy', '*', ...args]);
  // Interim responses come first; the last head is the response's.
  const blocks = ending.stdout.split('\r\n\r\n');
  let head = blocks.shift();
  while (blocks.length && /^HTTP\/[\d.]+ 1\d\d/.test(head)) head = blocks.shift();
  const [statusLine, ...lines] = (head ?? '').split('\r\n');
  const fields = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return {
    exitCode: ending.code,
    stderr: ending.stderr,
    status: Number(statusLine.split(' ')[1]),
    fields,
    get: (name) => fields.find(([field]) => field === name.toLowerCase())?.[1],
    text: blocks.join('\r\n\r\n'),
  };
}
