// One token's answers held against each other.
import {Anatomy} from './anatomy.mjs';
import {explain} from './differences.mjs';
import {algorithms} from './workshop.mjs';

// Equal values have equal texts, in whatever order their members stand.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

const areEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other) || canonical(one) === canonical(other);

// One name for each algorithm, and for EdDSA one for each curve.
const signerName = (alg, {kind}) => (alg === 'EdDSA' ? kind : alg);
export const signerNames = algorithms.flatMap((alg) => (alg === 'EdDSA' ? ['Ed25519', 'Ed448'] : [alg]));

export const libraries = ['jose', 'jwcrypto'];
// What each mode shows of an accepted token, by postern and by the libraries.
const shown = {signature: 'payload', claims: 'claims'};
export const modes = Object.keys(shown);

export class Comparison {
  constructor(keys, ledger) { Object.assign(this, {keys, ledger}); }

  // {accepted: {signature, claims: the signer's name of the algorithm}, negated, faults: [text], explained: [{row, library, mode}]}
  // of a token and its answers {signature and claims of postern, jose, jwcrypto}.
  judge({token, signed, base}, answers) {
    const anatomy = new Anatomy(token);
    const result = {accepted: {}, negated: false, faults: [], explained: []};
    for (const mode of modes) {
      this.#lookForForgery(result, mode, {token, signed}, anatomy, answers[mode]);
      for (const library of libraries) this.#compare(result, {mode, library}, anatomy, answers[mode], answers[library]);
    }
    if (answers.claims.valid && !answers.signature.valid) result.faults.push('postern accepts the claims and not the signature');
    if (base) this.#expectAccepted(result, base, answers);
    return result;
  }

  #lookForForgery(result, mode, {token, signed}, anatomy, verdict) {
    if (typeof verdict.valid !== 'boolean') result.faults.push(`${mode}: postern's answer has no verdict`);
    if (!verdict.valid) return;
    const found = this.ledger.find(token, anatomy, signed);
    if (!found) return void result.faults.push(`${mode}: A FORGERY IS ACCEPTED: no key signed this for that algorithm`);
    result.accepted[mode] = signerName(anatomy.alg, found.key);
    if (found.negated) result.negated = true;
  }

  #compare(result, {mode, library}, anatomy, verdict, other) {
    const member = shown[mode];
    if ((other[member] !== null) !== verdict.valid) {
      const row = explain(anatomy, {library, mode, reason: verdict.valid ? undefined : verdict.reason, keys: this.keys});
      if (row) result.explained.push({row, library, mode});
      else result.faults.push(`${mode}: postern ${verdict.valid ? 'accepts' : 'refuses'}, ${library} does not, and no row explains it`);
    } else if (verdict.valid && !areEqual(verdict[member], other[member])) {
      result.faults.push(`${mode}: postern and ${library} accept different ${member}`);
    }
  }

  // A good token is accepted by all, or agreement would be worth nothing.
  #expectAccepted(result, {key}, answers) {
    if (this.keys.filter(({kid}) => kid === key.kid).length > 1) return;
    const theirs = libraries.flatMap((name) => [answers[name].payload, answers[name].claims]);
    const verdicts = [answers.signature.valid, answers.claims.valid, ...theirs];
    if (verdicts.some((verdict) => verdict === false || verdict === null)) result.faults.push('a good token is refused');
  }
}
