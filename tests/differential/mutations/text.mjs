// Faults of the text: nothing is signed again, whatever is accepted must be what was signed, letter for letter.
import {base64url} from '../keys.mjs';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
// No line feed: that ends a token where tokens come one a line.
const strangeCharacters = [
  ' ', '\t', '\r', '\v', '\f', '\0', '\x7f', '=', '+', '/', '.', ',', ';', ':', '!', '%', '"', '{', '*', '~', '?', '#', '&', '\\',
  '\u0085', '\u00a0', '\u00e9', '\u2028', '\u200b', '\ufeff', '\uff21', '\u{1f511}',
];

const splice = (text, at, count, insert = '') => text.slice(0, at) + insert + text.slice(at + count);

// The token after `change(part)` of one part; the longer a part, the more often it is that one's turn with `byLength`.
function withPart({random}, {parts}, change, {byLength = false} = {}) {
  let index = random.below(3);
  if (byLength) {
    const place = random.below(parts.join('').length);
    index = place < parts[0].length ? 0 : place < parts[0].length + parts[1].length ? 1 : 2;
  }
  return parts.map((part, i) => (i === index ? change(part) : part)).join('.');
}

// The part with one of its decoded bytes changed.
function withByte(random, part, change) {
  const bytes = Buffer.from(part, 'base64url');
  const index = random.below(bytes.length);
  bytes[index] = change(bytes[index]);
  return base64url(bytes);
}

// Trailing bits that belong to no byte, set.
function withTrailingBits(random, part) {
  const spare = {2: 4, 3: 2}[part.length % 4];
  const last = alphabet.indexOf(part.at(-1));
  if (!spare || last < 0) return `${part}A`;
  return part.slice(0, -1) + alphabet[last | random.between(1, 2 ** spare - 1)];
}

// Each may be given the token to start from.
export const textMutations = {
  'nothing changed': (bench, base = bench.draw()) => base.token,
  'a bit of a character flipped': (bench, {token} = bench.draw()) => {
    const place = bench.random.below(token.length);
    const flipped = String.fromCharCode((token.charCodeAt(place) & 0x7f) ^ (1 << bench.random.below(7)));
    return splice(token, place, 1, flipped === '\n' ? '*' : flipped);
  },
  'a bit of a byte flipped': (bench, base = bench.draw()) => {
    const flip = (byte) => byte ^ (1 << bench.random.below(8));
    return withPart(bench, base, (part) => withByte(bench.random, part, flip), {byLength: true});
  },
  'a byte replaced': (bench, base = bench.draw()) => withPart(bench, base, (part) => withByte(bench.random, part, () => bench.random.below(256))),
  'a character replaced': (bench, {token} = bench.draw()) => {
    return splice(token, bench.random.below(token.length), 1, bench.random.pick(alphabet));
  },
  'a character put in': (bench, {token} = bench.draw()) => {
    return splice(token, bench.random.below(token.length + 1), 0, bench.random.pick(alphabet));
  },
  'a strange character put in': (bench, {token} = bench.draw()) => {
    const place = bench.random.pick([0, token.length, bench.random.below(token.length + 1)]);
    return splice(token, place, 0, bench.random.pick(strangeCharacters));
  },
  'a strange character in a part': (bench, base = bench.draw()) => withPart(bench, base, (part) => (
    splice(part, bench.random.pick([0, part.length, bench.random.below(part.length)]), 0, bench.random.pick(strangeCharacters)))),
  'a character taken out': (bench, {token} = bench.draw()) => {
    return splice(token, bench.random.below(token.length), 1);
  },
  'two neighbours exchanged': (bench, {token} = bench.draw()) => {
    const place = bench.random.below(token.length - 1);
    return splice(token, place, 2, token[place + 1] + token[place]);
  },
  'the end cut off': (bench, {token} = bench.draw()) => {
    return token.slice(0, bench.random.chance(0.5) ? token.length - bench.random.between(1, 8) : bench.random.below(token.length));
  },
  'the start cut off': (bench, {token} = bench.draw()) => {
    return token.slice(bench.random.between(1, bench.random.chance(0.5) ? 8 : token.length));
  },
  'a part cut short': (bench, base = bench.draw()) => withPart(bench, base, (part) => part.slice(0, bench.random.below(part.length))),
  'padding put on': (bench, base = bench.draw()) => withPart(bench, base, (part) => {
    const right = '='.repeat((4 - part.length % 4) % 4);
    return part + bench.random.pick([right || '=', right || '==', '=', '==', '===']);
  }),
  'trailing bits set': (bench, base = bench.draw()) => withPart(bench, base, (part) => withTrailingBits(bench.random, part)),
  'the other base64 alphabet': (bench, base = bench.draw()) => withPart(bench, base, (part) => {
    const other = part.replaceAll('-', '+').replaceAll('_', '/');
    return other === part ? splice(part, bench.random.below(part.length), 1, bench.random.pick('+/')) : other;
  }),
  'a part encoded otherwise': (bench, base = bench.draw()) => withPart(bench, base, (part) => {
    const bytes = Buffer.from(part, 'base64url');
    return bench.random.pick([
      () => bytes.toString('hex'), () => bytes.toString('base64'), () => base64url(part), () => part.toUpperCase(),
      () => part.toLowerCase(), () => encodeURIComponent(bytes.toString('base64')), () => bytes.toString('latin1').replaceAll('\n', ' '),
    ])();
  }),
  'a character percent-encoded': (bench, base = bench.draw()) => withPart(bench, base, (part) => {
    const place = bench.random.below(part.length);
    return splice(part, place, 1, `%${part.charCodeAt(place).toString(16)}`);
  }),
  'no token at all': (bench) => bench.random.pick([
    '', '.', '..', '...', '.....', 'a', 'a.b', 'e30.e30.e30', 'null', '{}', '[]', '"a.b.c"', '1.2.3', 'NaN', '[1.5,2.5]', 'undefined',
    ' '.repeat(bench.random.below(4)), base64url(bench.random.bytes(bench.random.below(60))),
    [20, 40, 32].map((length) => base64url(bench.random.bytes(bench.random.below(length)))).join('.'),
  ]),
};
