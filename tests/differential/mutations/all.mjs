// Every mutation by its name, and the token of a number.
import {claimMutations} from './claims.mjs';
import {headerMutations} from './header.mjs';
import {jsonMutations} from './json.mjs';
import {partMutations} from './parts.mjs';
import {signatureMutations} from './signature.mjs';
import {textMutations} from './text.mjs';

const families = {
  text: textMutations, parts: partMutations, header: headerMutations, json: jsonMutations, claims: claimMutations, signature: signatureMutations,
};
const mutations = Object.entries(families).flatMap(([family, table]) => (
  Object.entries(table).map(([name, make]) => ({name: `${family}: ${name}`, family, make}))));
const textFaults = mutations.filter(({family}) => family === 'text');

export const unchanged = 'text: nothing changed';
const secondFaultShare = 0.15;

// {number, mutation: its name, base: what an unchanged token was drawn from, token, signed: what was signed for it}. The
// mutations take turns; now and then the text of the result gets a second fault.
export function makeToken(workshop, number) {
  const {name, family, make} = mutations[number % mutations.length];
  const bench = workshop.bench(number);
  if (name === unchanged) {
    const base = bench.draw();
    return {number, mutation: name, base, token: base.token, signed: []};
  }
  const first = make(bench);
  const made = {number, mutation: name, token: first, signed: bench.pen.signed};
  const parts = first.split('.');
  if (family === 'text' || parts.length !== 3 || parts.includes('') || !bench.random.chance(secondFaultShare)) return made;
  const second = bench.random.pick(textFaults);
  return {...made, mutation: `${name} + ${second.name}`, token: second.make(bench, {token: first, parts})};
}
