// Counts over a run and how they are told.
import {readFileSync} from 'node:fs';

import {modes, signerNames} from './comparison.mjs';
import {differences} from './differences.mjs';

const maximumShown = 10;
// From here on every row of the table must have occurred.
const bigRun = 500_000;

const cells = differences.flatMap((row) => Object.entries(row.where).flatMap(([library, list]) => list.map((mode) => ({row, library, mode}))));
const nameOf = ({row, library, mode}) => `${row.name} | ${library}, ${mode}`;

// The table as README.md has it.
export function table() {
  const shownPlace = ([library, list]) => (list.length === modes.length ? library : `${library} (${list})`);
  const whereOf = ({where}) => Object.entries(where).map(shownPlace).join(', ');
  const rows = differences.map((row) => (
    `| ${row.name} | ${row.reason ? `\`${row.reason}\`` : 'accepts'} | ${whereOf(row)} | ${row.why} (${row.source}) |`));
  return ['| token | postern | otherwise | why |', '|---|---|---|---|', ...rows].join('\n');
}

export class Report {
  faultyTokens = 0;
  negated = 0;
  tokens = 0;
  #counts = new Map(cells.map((cell) => [nameOf(cell), 0]));
  #accepted = Object.fromEntries(modes.map((mode) => [mode, Object.fromEntries(signerNames.map((name) => [name, 0]))]));
  #mutations = new Set();

  constructor({seed}) { this.seed = seed; }

  add(made, {accepted, negated, explained, faults}, answers) {
    ++this.tokens;
    this.#mutations.add(made.mutation.split(' + ')[0]);
    if (negated) ++this.negated;
    for (const mode of modes) if (accepted[mode]) ++this.#accepted[mode][accepted[mode]];
    for (const cell of explained) this.#counts.set(nameOf(cell), this.#counts.get(nameOf(cell)) + 1);
    if (faults.length && ++this.faultyTokens <= maximumShown) this.show(made, faults, answers);
  }

  show({number, mutation, token}, faults, answers) {
    console.log(`\ntoken ${number} (${mutation}); again by --seed ${this.seed} --only ${number}`);
    faults.forEach((fault) => console.log(`  ${fault}`));
    console.log(`  ${JSON.stringify(token)}`);
    for (const [name, answer] of Object.entries(answers)) console.log(`  ${name}: ${JSON.stringify(answer)}`);
  }

  // What the whole run lacks: a row that never occurred, an algorithm that was never accepted, a README that is behind.
  #faultsOfTheRun() {
    const faults = [];
    const dead = [...this.#counts].filter(([, count]) => count === 0);
    for (const [name] of dead) console.log(`never occurred: ${name}`);
    if (dead.length && this.tokens >= bigRun) faults.push(`${dead.length} rows of the table never occurred`);
    for (const mode of modes) {
      const missing = signerNames.filter((name) => this.#accepted[mode][name] === 0);
      if (missing.length) faults.push(`${mode}: no token was accepted of ${missing}`);
    }
    const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
    if (!readme.includes(`\n${table()}\n`)) faults.push('README.md is behind: put in what `tests/differential/run --table` prints');
    return faults;
  }

  // Prints everything; returns whether the run passed.
  finish(seconds, endings) {
    console.log(`\n${'differences, explained'.padEnd(74)}tokens`);
    for (const [name, count] of this.#counts) if (count) console.log(`${name.padEnd(74)}${count}`);
    for (const mode of modes) {
      const counts = Object.entries(this.#accepted[mode]).map((pair) => pair.join(' '));
      console.log(`accepted by postern, ${mode}: ${counts.join(', ')}`);
    }
    console.log(`of these with (r, n - s) in place of the signed (r, s), which is the same to ECDSA: ${this.negated}`);
    const faults = [...this.#faultsOfTheRun(), ...endings];
    faults.forEach((fault) => console.log(`FAULT: ${fault}`));
    const passed = this.faultyTokens === 0 && faults.length === 0;
    const differing = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const run = `${this.tokens} tokens of ${this.#mutations.size} mutations, seed ${this.seed}, ${Math.round(seconds)} s`;
    const found = `${differing} differences explained, ${this.faultyTokens} tokens and ${faults.length} other things at fault`;
    console.log(`\ndifferential: ${run}: ${found}: ${passed ? 'passed' : 'FAILED'}`);
    return passed;
  }
}
