// The real program with a configuration, on ports that the kernel chose.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';

import {postern, start} from './program.mjs';
import {mintedTokens, secretTexts} from './tokens.mjs';
import {eventually, within} from './waiting.mjs';

class Gateway {
  constructor(running, configFile) {
    this.running = running;
    this.configFile = configFile;
  }

  get pid() { return this.running.child.pid; }
  get stderr() { return this.running.stderr; }
  get port() { return this.ports[0]; }
  get url() { return `http://127.0.0.1:${this.port}`; }
  get adminUrl() { return `http://127.0.0.1:${this.adminPort}`; }

  // The line on stderr names each listener's address, then the admin listener's.
  async serving() {
    const line = await eventually('the gateway serves', () => {
      assert.ok(!this.running.over, `the gateway ended early:\n${this.stderr}`);
      return / serving (\S+:\d.*)\n/.exec(this.stderr)?.[1];
    });
    const addressed = (text) => [...text.matchAll(/:(\d+)(?=[\s,]|$)/g)].map((match) => Number(match[1]));
    const [listeners, admin = ''] = line.split(/\badmin\b/);
    this.ports = addressed(listeners);
    [this.adminPort] = addressed(admin);
  }

  // The access log so far.
  get lines() {
    const whole = this.running.stdout.slice(0, this.running.stdout.lastIndexOf('\n') + 1);
    return whole.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  // The access log's line of the request to `path`.
  lineOf(path) {
    return eventually(`a log line of ${path}`, () => this.lines.find((line) => line.path === path));
  }

  async admin(path, options) {
    const response = await fetch(this.adminUrl + path, options);
    return {status: response.status, headers: response.headers, text: await response.text()};
  }

  // The value of one sample, e.g. metric('postern_auth_decisions_total', {reason: 'token_expired'}); the sum of those
  // that have the labels, 0 without any.
  async metric(name, labels = {}) {
    const {text} = await this.admin('/metrics');
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text.split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  signal(name) { this.running.child.kill(name); }

  residentKiB() { return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]); }

  // SIGKILL, as by a crash: stop() then expects no other end.
  async kill() {
    this.killed = true;
    this.signal('SIGKILL');
    await within('the gateway ends after SIGKILL', this.running.ended);
  }

  // SIGTERM, a clean end, no sanitizer's report, no token in any output.
  async stop() {
    if (!this.running.over) this.signal('SIGTERM');
    try {
      const ending = await within('the gateway ends after SIGTERM', this.running.ended);
      const wanted = this.killed ? {code: null, signal: 'SIGKILL'} : {code: 0, signal: null};
      assert.deepEqual(ending, wanted, `the gateway's end:\n${this.stderr}`);
    } finally {
      if (!this.running.over) this.signal('SIGKILL');
    }
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error:/);
    assertHoldsNoToken(this.running.stdout + this.stderr);
  }
}

function assertHoldsNoToken(text) {
  for (const secret of secretTexts) assert.ok(!text.includes(secret), `a secret stands in the logs: ${secret}`);
  for (const token of mintedTokens) {
    const [, payload, signature] = token.split('.');
    for (const part of [payload, signature]) {
      assert.ok(!(part?.length > 20 && text.includes(part)), `a token stands in the logs: ${token}`);
    }
  }
}

// Starts `postern run -c` with a configuration (a value, or YAML text); the scope stops it.
export async function startGateway(scope, config, options = {}) {
  startGateway.count = (startGateway.count ?? 0) + 1;
  const name = `postern-${startGateway.count}.yaml`;
  return startWith(scope, ['run', '-c', scope.file(name, config)], options);
}

// Starts `postern` with any arguments that make it serve; `under` is a command that runs it, as `['prlimit', '--nofile=64']`.
export async function startWith(scope, args, {env, under = []} = {}) {
  const [command, ...rest] = [...under, postern, ...args];
  const running = start(command, rest, {env});
  const gateway = new Gateway(running, args[args.indexOf('-c') + 1]);
  scope.onClose(() => gateway.stop());
  await gateway.serving();
  return gateway;
}
