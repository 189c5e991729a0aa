// Mutated tokens, judged by postern and by two libraries; see README.md.
import {randomInt} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';

import {Comparison} from './comparison.mjs';
import {startJudges} from './judges.mjs';
import {Ledger} from './ledger.mjs';
import {makeToken} from './mutations/all.mjs';
import {Report, table} from './report.mjs';
import {Workshop} from './workshop.mjs';

const usage = `tests/differential/run [--tokens N] [--seed S] [--only NUMBER]
  --tokens N     how many; 20000 unless told
  --seed S       repeats a run: its keys, its tokens, its mutations
  --only NUMBER  that token of the run alone, with every answer
  --table        prints the table of README.md
POSTERN is the program, build/release/postern unless told.`;

const batchSize = 500;
const batchesInFlight = 3;
const progressEvery = 50_000;

function wholeNumber(text, name) {
  if (!/^\d{1,15}$/.test(text)) throw new TypeError(`--${name} wants a whole number`);
  return Number(text);
}

function readOptions() {
  const text = {type: 'string'};
  const {values} = parseArgs({options: {tokens: text, seed: text, only: text, table: {type: 'boolean'}, help: {type: 'boolean', short: 'h'}}});
  const number = (name) => (values[name] === undefined ? undefined : wholeNumber(values[name], name));
  return {...values, tokens: number('tokens') ?? 20_000, seed: number('seed') ?? randomInt(2 ** 32), only: number('only')};
}

// Everything between a workshop and a verdict on its tokens. The judges end with the process.
class Run {
  #directory = mkdtempSync(join(tmpdir(), 'postern-differential-'));

  constructor(seed) {
    this.workshop = new Workshop(seed);
    const file = join(this.#directory, 'jwks.json');
    writeFileSync(file, JSON.stringify(this.workshop.jwks));
    this.judges = startJudges(file);
    const keys = Object.values(this.workshop.keys);
    this.comparison = new Comparison(keys, new Ledger(keys, this.workshop.signed));
    process.on('exit', () => this.#close());
  }

  // Calls `take(made, result, answers)` for each token.
  async judge(numbers, take) {
    const made = numbers.map((number) => makeToken(this.workshop, number));
    const tokens = made.map(({token}) => token);
    const {posternSignature, posternClaims, jose, jwcrypto} = this.judges;
    const lists = await Promise.all([posternSignature, posternClaims, jose, jwcrypto].map((judge) => judge.ask(tokens)));
    made.forEach((one, i) => {
      const [signature, claims, byJose, byJwcrypto] = lists.map((list) => list[i]);
      const answers = {signature, claims, jose: byJose, jwcrypto: byJwcrypto};
      take(one, this.comparison.judge(one, answers), answers);
    });
  }

  // What was wrong with the judges' ends.
  async finish() {
    const endings = await Promise.all(Object.values(this.judges).map((judge) => judge.finish()));
    return endings.filter(Boolean);
  }

  #close() {
    Object.values(this.judges).forEach((judge) => judge.stop());
    rmSync(this.#directory, {recursive: true, force: true});
  }
}

async function judgeMany(run, count, report) {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const pending = new Set();
  for (let first = 0; first < count; first += batchSize) {
    const numbers = Array.from({length: Math.min(batchSize, count - first)}, (_, i) => first + i);
    const batch = run.judge(numbers, (...judged) => report.add(...judged)).then(() => pending.delete(batch));
    pending.add(batch);
    if (pending.size >= batchesInFlight) await Promise.race(pending);
    if (first && first % progressEvery === 0) console.log(`${first} tokens, ${Math.round(seconds())} s`);
  }
  await Promise.all(pending);
  return report.finish(seconds(), await run.finish());
}

async function judgeOne(run, number, report) {
  let passed = false;
  await run.judge([number], (made, result, answers) => {
    const explained = result.explained.map(({row, library, mode}) => `${mode}: ${library} differs: ${row.name}`);
    report.show(made, [...result.faults, ...explained], answers);
    passed = result.faults.length === 0;
  });
  await run.finish();
  return passed;
}

async function main(options) {
  console.log(`seed ${options.seed}`);
  const run = new Run(options.seed);
  const report = new Report(options);
  return options.only === undefined ? judgeMany(run, options.tokens, report) : judgeOne(run, options.only, report);
}

function optionsOrUsage() {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    return process.exit(2);
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const options = optionsOrUsage();
if (options.help || options.table) {
  console.log(options.help ? usage : table());
} else {
  try {
    process.exitCode = await main(options) ? 0 : 1;
  } catch (error) {
    // A judge that crashed, or gave what is no verdict.
    console.log(`\n${error.stack}\n\ndifferential: seed ${options.seed}: FAILED`);
    process.exit(1);
  }
}
