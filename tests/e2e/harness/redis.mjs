// A redis-server of a scope's own, on a free port of loopback, and what tests do to it.
import assert from 'node:assert/strict';
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {freePort} from './free_port.mjs';
import {run, start} from './program.mjs';
import {eventually, within} from './waiting.mjs';

const program = '/usr/bin/redis-server';

class Redis {
  constructor(parts) { Object.assign(this, parts); }

  // The members of the store's configuration that say where it is.
  get location() { return {url: `redis://127.0.0.1:${this.port}`}; }

  // What redis-cli prints for a command, without its last newline.
  async ask(...command) {
    const ending = await run('redis-cli', ['-h', '127.0.0.1', '-p', this.port, ...this.cliOptions, ...command]);
    return ending.stdout.replace(/\n$/, '');
  }

  // Starts it; after kill() again, on the same port and with what its log has.
  async start() {
    this.running = start(program, [...this.configuration, '--port', this.port, '--bind', '127.0.0.1', '--dir', this.directory,
      '--save', '', ...this.options]);
    const {running} = this;
    await eventually('redis-server answers', async () => {
      if (running.over) throw new Error(`redis-server ended: ${running.stdout}${running.stderr}`);
      return /PONG|NOAUTH/.test(await this.ask('PING'));
    });
  }

  // Without a chance to say farewell.
  async kill() {
    this.running.child.kill('SIGKILL');
    await within('the end of redis-server', this.running.ended);
  }

  pause() { this.running.child.kill('SIGSTOP'); }
  resume() { this.running.child.kill('SIGCONT'); }
}

const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

// `options` are more words of its command line, `cliOptions` those that redis-cli needs then; `configuration` are lines of a
// file that it may write anew. It answers.
export async function startRedis(scope, {options = [], cliOptions = [], configuration} = {}) {
  if (!existsSync(program)) throw new Error(`${program} is not there: install Debian's package redis-server`);
  startRedis.count = (startRedis.count ?? 0) + 1;
  const directory = join(scope.directory, `redis-${startRedis.count}`);
  mkdirSync(directory);
  const parts = {port: await freePort(), directory, options: [...durable, ...options], cliOptions, configuration: []};
  if (configuration) {
    const file = join(directory, 'redis.conf');
    writeFileSync(file, configuration);
    Object.assign(parts, {options, configuration: [file]});
  }
  const redis = new Redis(parts);
  scope.onClose(() => redis.kill());
  await redis.start();
  return redis;
}

// The members of a token service that keeps everything there; `store` are more members of `redis`.
export function inRedis(redis, store = {}) {
  return {
    store: {redis: {...redis.location, ...store}},
    signing_keys: {encryption_secret: 'a secret of the test that has 32 bytes at least'},
  };
}

// Every text of the server: names of keys, and what stands under them.
export async function everythingIn(redis) {
  const script = `
    local texts = {}
    local function keep(value)
      if type(value) == 'table' then for _, one in ipairs(value) do keep(one) end else texts[#texts + 1] = tostring(value) end
    end
    for _, key in ipairs(redis.call('KEYS', '*')) do
      keep(key)
      local kind = redis.call('TYPE', key).ok
      if kind == 'hash' then keep(redis.call('HGETALL', key)) end
      if kind == 'zset' then keep(redis.call('ZRANGE', key, 0, -1)) end
      if kind == 'set' then keep(redis.call('SMEMBERS', key)) end
      if kind == 'string' then keep(redis.call('GET', key)) end
      if kind == 'stream' then keep(redis.call('XRANGE', key, '-', '+')) end
    end
    return table.concat(texts, '\\n')`;
  const text = await redis.ask('EVAL', script, '0');
  assert.match(text, /\{postern\}:family:/);
  return text;
}
