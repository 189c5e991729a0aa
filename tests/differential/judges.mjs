// The programs that judge: tokens go in, one a line, and a line of JSON comes out for each.
import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';

import {algorithms, at, audience, issuer, leeway} from './workshop.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const postern = process.env.POSTERN ?? here('../../build/release/postern');

// What the developer's shell sets is no part of a test. Python's sets are in the same order in each run.
const own = Object.entries(process.env).filter(([name]) => !/^(POSTERN|NODE|PYTHON)_?/.test(name));
const environment = {...Object.fromEntries(own), PYTHONHASHSEED: '0'};

// Longer than any batch takes, also with sanitizers.
const patience = 10 * 60_000;

class Judge {
  #waiting = [];  // {tokens, lines, resolve, reject}, the oldest first
  #rest = '';
  #ending;        // once it is over

  constructor(name, command, args, {codes = [0]} = {}) {
    Object.assign(this, {name, complaints: ''});
    this.child = spawn(command, args, {stdio: ['pipe', 'pipe', 'pipe'], env: environment});
    for (const stream of ['stdout', 'stderr']) this.child[stream].setEncoding('utf8');
    this.child.stdout.on('data', (text) => this.#take(text));
    this.child.stderr.on('data', (text) => { this.complaints = (this.complaints + text).slice(-4000); });
    this.child.stdin.on('error', () => {});  // told by its end
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve({fault: error.message}));
      this.child.on('close', (code, signal) => resolve({fault: codes.includes(code) ? undefined : `ended with ${code ?? signal}`}));
    });
    this.ended.then((ending) => this.#failWaiting(ending));
  }

  #take(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      const [batch] = this.#waiting;
      if (!batch) {
        this.surplus = line;
        continue;
      }
      batch.lines.push(line);
      if (batch.lines.length === batch.tokens.length) this.#waiting.shift().resolve(batch.lines);
    }
  }

  // An end before the last answer is a crash: the first token without an answer is named.
  #failWaiting(ending) {
    this.#ending = ending;
    const fault = ending.fault ?? 'ended early';
    for (const {tokens, lines, reject} of this.#waiting.splice(0)) {
      reject(new Error(`${this.name} ${fault} at the token ${JSON.stringify(tokens[lines.length])}\n${this.complaints}`));
    }
  }

  // The answers to these tokens, parsed.
  async ask(tokens) {
    const answered = new Promise((resolve, reject) => this.#waiting.push({tokens, lines: [], resolve, reject}));
    if (this.#ending) this.#failWaiting(this.#ending);
    else this.child.stdin.write(`${tokens.join('\n')}\n`);
    const timer = setTimeout(() => this.#failWaiting({fault: `gave no answer in ${patience / 1000} s`}), patience);
    try {
      return (await answered).map((line) => JSON.parse(line));
    } finally {
      clearTimeout(timer);
    }
  }

  // After the last question: what was wrong with its end, or nothing.
  async finish() {
    this.child.stdin.end();
    const {fault} = await this.ended;
    if (this.surplus !== undefined) return `${this.name} answered what nobody asked: ${this.surplus}`;
    return fault && `${this.name} ${fault}: ${this.complaints}`;
  }

  stop() { this.child.kill('SIGKILL'); }
}

// {posternSignature, posternClaims, jose, jwcrypto}, reading the keys of that file.
export function startJudges(jwksFile) {
  const options = JSON.stringify({jwks: jwksFile, algorithms, issuer, audience, at, leeway});
  const verify = ['verify', '--jwks', jwksFile];
  const byRefusal = {codes: [0, 1]};
  return {
    posternSignature: new Judge('postern verify --signature-only', postern, [...verify, '--signature-only'], byRefusal),
    posternClaims: new Judge('postern verify', postern, [...verify, '--issuer', issuer, '--audience', audience, '--at', `${at}`], byRefusal),
    jose: new Judge('jose', process.execPath, [here('judges/jose.mjs'), options]),
    jwcrypto: new Judge('jwcrypto', '/usr/bin/python3', ['-B', here('judges/jwcrypto_judge.py'), options]),
  };
}
