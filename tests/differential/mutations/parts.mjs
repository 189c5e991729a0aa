// Whole parts left out, doubled, moved or exchanged between tokens.
import {base64url} from '../keys.mjs';

// Another token, of the same key or of any.
function drawOther(bench, {key, alg}) {
  return bench.random.chance(0.5) ? bench.draw((otherKey, otherAlg) => otherKey === key && otherAlg === alg) : bench.draw();
}

function exchanged(bench, index) {
  const base = bench.draw();
  const other = drawOther(bench, base);
  return base.parts.map((part, i) => (i === index ? other.parts[i] : part)).join('.');
}

const flattened = ([header, payload, signature]) => ({protected: header, payload, signature});

export const partMutations = {
  'the header of another token': (bench) => exchanged(bench, 0),
  'the payload of another token': (bench) => exchanged(bench, 1),
  'the signature of another token': (bench) => exchanged(bench, 2),
  'an empty part': (bench) => {
    const {parts} = bench.draw();
    const index = bench.random.below(3);
    return parts.map((part, i) => (i === index ? '' : part)).join('.');
  },
  'a part left out': (bench) => {
    const {parts} = bench.draw();
    parts.splice(bench.random.below(3), 1);
    return parts.join('.');
  },
  'four to eight parts': (bench) => {
    const {parts} = bench.draw();
    const count = bench.random.between(4, 8);
    while (parts.length < count) {
      const more = bench.random.pick([bench.random.pick(parts), '', base64url(bench.random.bytes(12))]);
      parts.splice(bench.random.below(parts.length + 1), 0, more);
    }
    return parts.join('.');
  },
  'a great many dots': (bench) => bench.draw().token + '.'.repeat(bench.random.between(1, 2000)),
  'parts in another order': (bench) => {
    const {parts: [a, b, c]} = bench.draw();
    return bench.random.pick([[a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a], [a, a, c], [b, b, c], [a, b, b]]).join('.');
  },
  'two tokens in a row': (bench) => {
    const [one, two] = [bench.draw().token, bench.draw().token];
    return one + bench.random.pick(['', '.', ',', ', ', ' ', ';']) + two;
  },
  'words around the token': (bench) => {
    const {token} = bench.draw();
    return bench.random.pick([`Bearer ${token}`, `bearer ${token}`, `"${token}"`, `'${token}'`, `<${token}>`, `token=${token}`, `${token};q=1`]);
  },
  'the JSON serialisation': (bench) => {
    const {parts} = bench.draw();
    const {payload, ...signature} = flattened(parts);
    return bench.random.pick([
      () => JSON.stringify(flattened(parts)),
      () => JSON.stringify({payload, signatures: [signature]}),
      () => JSON.stringify({payload, signatures: [{...signature, signature: base64url(bench.random.bytes(32))}, signature]}),
      () => JSON.stringify({...flattened(parts), header: {kid: 'hs256'}}),
      () => ` ${JSON.stringify(flattened(parts))}`,
      () => JSON.stringify(parts),
      () => JSON.stringify(parts.join('.')),
    ])();
  },
};
