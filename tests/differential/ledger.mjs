// What was really signed by a key that may sign so. Everything else that is accepted is a forgery.
import {base64url, curveOf, curves} from './keys.mjs';
import {splitPair} from './signing.mjs';

// Whether the two are (r, s) and (r, n - s), which verify alike. Only the second one's spelling is in doubt.
function areNegated(signed, other, {order}) {
  const [bytes, otherBytes] = [signed, other].map((text) => Buffer.from(text, 'base64url'));
  if (bytes.length !== otherBytes.length || base64url(otherBytes) !== other) return false;
  const [a, b] = [bytes, otherBytes].map(splitPair);
  return a.r === b.r && a.s + b.s === order;
}

export class Ledger {
  #entries = new Map();  // signing input: entries
  #kids = new Map();     // kid: how many keys for signatures have it

  // `keys` are all keys, `entries` what is signed in advance.
  constructor(keys, entries) {
    for (const {kid, isPublished, algorithms} of keys) if (isPublished && algorithms.length) this.#kids.set(kid, (this.#kids.get(kid) ?? 0) + 1);
    for (const entry of entries) this.#entries.set(entry.input, [...this.#entries.get(entry.input) ?? [], entry]);
  }

  // Whether that key may have signed so for a token that names this kid: a kid of no key leaves it open which key is meant,
  // a kid of two keys means none.
  #mayUse({key, alg}, kid) {
    const sharing = kid === undefined || kid === '' ? 0 : this.#kids.get(kid) ?? 0;
    return key.isPublished && key.algorithms.includes(alg) && (sharing === 0 || (sharing === 1 && key.kid === kid));
  }

  // {key, negated: (r, n - s) stands in place of (r, s)} of the signature, or undefined for a forgery. `own` are the token's own
  // entries; `alg` and `kid` are what its header says. Input and signature are compared as text: another spelling was not
  // signed.
  find(token, {alg, kid}, own) {
    const end = token.lastIndexOf('.');
    const [input, signature] = [token.slice(0, end), token.slice(end + 1)];
    const entries = [...this.#entries.get(input) ?? [], ...own.filter((entry) => entry.input === input)];
    const lawful = entries.filter((entry) => entry.alg === alg && this.#mayUse(entry, kid));
    const exact = lawful.find((entry) => entry.signature === signature);
    if (exact) return {key: exact.key, negated: false};
    const curve = curves[curveOf[alg]];
    const other = curve && lawful.find((entry) => areNegated(entry.signature, signature, curve));
    return other && {key: other.key, negated: true};
  }
}
