// Odd, bad and ambiguous JSON in a header or a payload, signed again: what is signed is not therefore well formed.
import {at} from '../workshop.mjs';

// Draws a token whose header or payload is changed: `change(members)` gives its new text or bytes, or changes the members.
function withDocument(bench, change, {only} = {}) {
  const base = bench.draw();
  const part = only ?? (bench.random.chance(0.4) ? 'header' : 'payload');
  base[part] = change(base[part]) ?? base[part];
  return bench.resigned(base);
}

const whiteSpace = ['', ' ', '\t', '\r\n', '\n', '   '];
const noWhiteSpace = ['\v', '\f', '\u00a0', '\u0085', '\u2028', '\ufeff', '\0', '/**/', '//\n', '#'];

// The object with `space()` at each place where white space may stand.
const spaced = ({pairs}, space) => (
  `${space()}{${pairs.map(([name, value]) => `${space()}${name}${space()}:${space()}${value}${space()}`).join(',')}}${space()}`);

const escaped = (character, capital) => {
  const digits = character.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${capital ? digits.toUpperCase() : digits}`;
};

// A quoted text with some of its plain characters written as escapes.
const withEscapes = (random, quoted) => quoted.replace(/\\.|[^"\\]/gu, (one) => (
  one.length === 1 && random.chance(0.4) ? escaped(one, random.chance(0.5)) : one === '/' ? '\\/' : one));

const lawfulNumbers = [
  '0', '-0', '0.0', '-0.0', '1.0', '1e3', '1E+2', '1e-2', '0.1e1', '10e-1', '123456789012345678901234567890', '0.1', '1e-400',
  '1e400', '-1e999', '9007199254740993', '18446744073709551616', '1.7976931348623157e308', '5e-324', '0e0', '-1E-0',
  '0.000000000000000000001e-2147483639',
  '1e99999999999', '0.12345678901234567890e-2147483639', '1'.repeat(400), `0.${'3'.repeat(400)}`, '0e400', '0.00001e314', '10e308',
  '1.8e308',
];
const unlawfulNumbers = [
  '01', '+1', '.5', '1.', '1e', '1e+', '-', '--1', '0x10', '1_000', '1,5', '00', '-01', 'NaN', 'Infinity', '-Infinity', 'nan', '1f',
  '1n', '٣', '1e1.5', '0b1',
];
const longNumber = '7'.repeat(5000);
const badTexts = [
  '"a', "'a'", '"\\x41"', '"\\u12"', '"\\u{41}"', '"\\\'"', '"a\tb"', '"a\nb"', '"\u0001"', '"\\"', '"a" "b"', 'a', 'undefined',
  'True', 'None', 'nul', '[1,]', '[,1]', '{"a":1,}', '{a:1}', '{"a"}', '{"a":}', '{1:1}', '[1', ']', '{"a":1', '[1}', '"a""b"', '',
];
const surrogates = ['\\ud800', '\\udc00', '\\ud83d\\u0041', '\\udd11\\ud83d', 'x\\udfffy', '\\uD83D\\uDD11\\uD83D'];
const badBytes = [[0xff], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xed, 0xa0, 0xbd, 0xed, 0xb4, 0x91],
  [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80], [0xfe, 0xff]];
const oddNames = ['', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '\u0000', 'a.b', ' alg', 'ALG', 'Alg', 'exp ',
  'ехр', '$ref', '0', 'length'];

const nested = (depth, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const nestedObjects = (depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

// A member of that object once more; its value is another one, or the same.
function withTwice(random, members) {
  const [name, value] = random.pick(members.pairs);
  const second = random.chance(0.5) ? withEscapes(random, name) : name;
  const other = random.pick([value, value, '"other"', 'null', '0', `${at + 600}`, '"none"', '["x"]']);
  members.add(second, other, random.below(members.pairs.length + 1));
}

const manyMembers = (members, random, {twice}) => {
  const count = random.between(17, 60);
  for (let i = 0; i < count; ++i) members.add(`"member${i}"`, `${i}`, random.below(members.pairs.length + 1));
  if (twice) members.add(`"member${random.below(count)}"`, '1');
};

export const jsonMutations = {
  'lawful white space': (bench) => withDocument(bench, (members) => spaced(members, () => bench.random.pick(whiteSpace))),
  'unlawful white space': (bench) => withDocument(bench, (members) => {
    const bad = bench.random.below(members.pairs.length * 4);
    let place = 0;
    const [character, last] = [bench.random.pick(noWhiteSpace), bench.random.chance(0.3)];
    if (last) return members.toString() + character;
    return spaced(members, () => (place++ === bad ? character : ''));
  }),
  'a byte order mark': (bench) => withDocument(bench, (members) => bench.random.pick(['\ufeff', '\ufeff', '\ufeff\ufeff',
    ' \ufeff']) + members),
  'names and values in escapes': (bench) => withDocument(bench, (members) => {
    members.pairs = members.pairs.map(([name, value]) => [
      bench.random.chance(0.6) ? withEscapes(bench.random, name) : name,
      /^"/.test(value) && bench.random.chance(0.6) ? withEscapes(bench.random, value) : value]);
  }),
  'a member twice': (bench) => withDocument(bench, (members) => { withTwice(bench.random, members); }),
  'a member twice, deeper': (bench) => withDocument(bench, (members) => {
    const inner = bench.random.pick(['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"b":{"c":1,"d":2,"c":3}}]', '{"":1,"":2}']);
    members.set(bench.random.pick(['x', 'act', 'realm_access']), inner);
  }),
  'many members': (bench) => withDocument(bench, (members) => { manyMembers(members, bench.random, {twice: bench.random.chance(0.5)}); }),
  'members in another order': (bench) => withDocument(bench, (members) => {
    members.pairs = members.pairs.map((pair) => [bench.random.next(), pair]).sort(([a], [b]) => a - b).map(([, pair]) => pair);
  }),
  'a number of an odd form': (bench) => withDocument(bench, (members) => { members.set('number', bench.random.pick(lawfulNumbers)); }),
  'a date of an odd form': (bench) => withDocument(bench, (members) => {
    const date = at + bench.random.pick([-600, 300]);
    members.set(bench.random.pick(['exp', 'nbf', 'iat']), bench.random.pick([
      `${date}.0`, `${date}.5`, `${date}e0`, `${date / 10 ** 9}e9`, `${date}000e-3`, `0.00000${date}e15`,
      `${date}.000000000000000000001`, `-${date}`,
      ...lawfulNumbers]));
  }, {only: 'payload'}),
  'a number that is none': (bench) => withDocument(bench, (members) => {
    members.set(bench.random.pick(['number', 'exp', 'iat']), bench.random.pick(unlawfulNumbers));
  }),
  'a number of five thousand digits': (bench) => withDocument(bench, (members) => { members.set('number', longNumber); }),
  'bad JSON inside': (bench) => withDocument(bench, (members) => { members.set('x', bench.random.pick(badTexts)); }),
  'bad JSON around': (bench) => withDocument(bench, (members) => {
    const text = members.toString();
    return bench.random.pick([
      () => `${text}x`, () => `${text}\0`, () => `${text}\0{"alg":"none"}`, () => text + text, () => `${text},`, () => `[${text}]`,
      () => text.slice(0, -1), () => text.slice(1),
      () => `"${text}"`, () => JSON.stringify(text), () => text.replaceAll('"', "'"),
      () => text.slice(0, bench.random.below(text.length)), () => `${text}}`,
      () => text.replace('{', '{,'), () => text.replace(/}$/, ',}'), () => text.replaceAll(':', '='), () => `/* */${text}`,
      () => Buffer.from(text, 'utf16le'),
    ])();
  }),
  'no object at all': (bench) => withDocument(bench, () => bench.random.pick([
    'null', 'true', '0', '1700000000', '"text"', '[]', '[{}]', '{}', '', ' ', '{', 'hello', '\0', '[["alg","HS256"]]'])),
  'bytes that are no UTF-8': (bench) => withDocument(bench, (members) => {
    const bytes = Buffer.from(members.toString());
    const places = [...bytes.keys()].filter((i) => bytes[i - 1] === 0x22);  // behind a quotation mark: mostly inside a text
    const place = bench.random.pick(places);
    return Buffer.concat([bytes.subarray(0, place), Buffer.from(bench.random.pick(badBytes)), bytes.subarray(place)]);
  }),
  'lone surrogates': (bench) => withDocument(bench, (members) => {
    const text = `"${bench.random.pick(surrogates)}"`;
    if (bench.random.chance(0.3)) members.add(text, '1');
    else members.set(bench.random.pick(['note', 'sub', 'typ', 'x']), text);
  }),
  'deep nesting': (bench) => withDocument(bench, (members) => {
    const depth = bench.random.pick([30, 31, 32, 33, 40, 200, 1500]);
    members.set('x', bench.random.pick([nested, nestedObjects])(depth));
  }),
  'odd names': (bench) => withDocument(bench, (members) => {
    members.set(bench.random.pick(oddNames), bench.random.pick(['1', '"alg"', '{}', '{"__proto__":{"admin":true}}', 'null',
      `"${bench.random.pick(surrogates.slice(0, 1))}"`]));
  }),
  'an empty document': (bench) => withDocument(bench, () => ''),
};
