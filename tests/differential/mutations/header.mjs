// Changes of the header. Most are signed again by the same key, so that only the header's meaning is left to judge.
import {constants, publicEncrypt} from 'node:crypto';

import {base64url} from '../keys.mjs';
import {signatureOf} from '../signing.mjs';
import {algorithms} from '../workshop.mjs';

// Signed again with that member of the header, the text of a JSON value; undefined takes it out.
function withMember(bench, name, text, options) {
  const base = bench.draw();
  if (text === undefined) base.header.remove(name);
  else base.header.set(name, text);
  return bench.resigned(base, options);
}

const otherValues = ['null', '7', '1.5', 'true', '[]', '{}', '["x"]', '""', '" "', '{"a":1}'];
const unknownAlgorithms = [
  'none', 'None', 'NONE', 'nOnE', '', 'rs256', 'Rs256', 'hs256', 'HS1', 'HS2560', 'RS1', 'RS256 ', ' RS256', 'RS256\u0000',
  'ES256\u200b', 'ES521',
  'EdDSA25519', 'Ed25519', 'Ed448', 'ML-DSA-65', 'A256GCM', 'RSA-OAEP', 'dir', '../RS256', 'toString', '__proto__', 'HMAC',
];

// What careless code could take for an HMAC secret: forms of a public key, and nothing.
function publicForms(key) {
  if (!key.publicKey) return [Buffer.alloc(0)];
  const pem = key.publicKey.export({format: 'pem', type: 'spki'});
  const numbers = ['n', 'x', 'y'].filter((name) => key.jwk[name]).map((name) => Buffer.from(key.jwk[name], 'base64url'));
  return [
    Buffer.from(pem), Buffer.from(pem.trim()), Buffer.from(pem.replaceAll('\n', '\r\n')),
    key.publicKey.export({format: 'der', type: 'spki'}),
    Buffer.from(JSON.stringify(key.jwk)), Buffer.alloc(0), Buffer.alloc(64), Buffer.from(key.kid ?? ''), ...numbers,
  ];
}

// A token by a key that nobody published, or that was published for something else.
function byStranger(bench, stranger, alg, header) {
  const base = bench.draw();
  return bench.pen.sign(stranger, alg, JSON.stringify(header), base.payload);
}

const ownKey = (jwk) => JSON.stringify({...jwk, kid: undefined, use: undefined});

export const headerMutations = {
  'alg changed, the signature kept': (bench) => {
    const base = bench.draw();
    base.header.set('alg', JSON.stringify(bench.random.pick([...algorithms, ...unknownAlgorithms])));
    return `${base64url(base.header.toString())}.${base.parts[1]}.${base.parts[2]}`;
  },
  // What was signed is not what `alg` says.
  'alg changed, signed as before': (bench) => withMember(bench, 'alg',
    JSON.stringify(bench.random.pick([...algorithms, ...unknownAlgorithms])), {always: true}),
  'alg of another type, or none': (bench) => withMember(bench, 'alg', bench.random.pick([undefined, ...otherValues])),
  'alg none, without or with a signature': (bench) => {
    const base = bench.draw();
    base.header.set('alg', JSON.stringify(bench.random.pick(['none', 'None', 'NONE', 'nOnE'])));
    const input = `${base64url(base.header.toString())}.${base.parts[1]}`;
    return `${input}.${bench.random.pick(['', base.parts[2], 'AAAA', 'bm9uZQ'])}`;
  },
  'HMAC with a public key as its secret': (bench) => {
    const base = bench.draw((key) => key.publicKey);
    const alg = bench.random.pick(['HS256', 'HS384', 'HS512']);
    base.header.set('alg', JSON.stringify(alg));
    if (bench.random.chance(0.3)) base.header.remove('kid');
    const input = `${base64url(base.header.toString())}.${base.parts[1]}`;
    return `${input}.${base64url(signatureOf({secret: bench.random.pick(publicForms(base.key))}, alg, input))}`;
  },
  'HMAC of another secret or length': (bench) => {
    const base = bench.draw((key) => key.secret);
    const [alg, by] = [bench.random.pick(['HS256', 'HS384', 'HS512']), bench.random.pick(['hs256', 'hs384', 'hs512', 'stranger-oct'])];
    base.header.set('alg', JSON.stringify(bench.random.pick([alg, base.alg])));
    return bench.pen.sign(bench.keys[by], alg, base.header, base.payload);
  },
  // The RSA key allows six algorithms, the PS256 key only its own.
  'another algorithm of an RSA key': (bench) => {
    const base = bench.draw((key) => key.kind === 'RSA');
    const alg = bench.random.pick(algorithms.filter((name) => /^[RP]S/.test(name)));
    base.header.set('alg', JSON.stringify(alg));
    return bench.pen.sign(base.key, alg, base.header, base.payload);
  },
  'ES256 and ES256K for each other': (bench) => {
    const base = bench.draw((key, alg) => ['ES256', 'ES256K'].includes(alg));
    base.header.set('alg', base.alg === 'ES256' ? '"ES256K"' : '"ES256"');
    return bench.pen.sign(base.key, base.alg, base.header, base.payload);
  },
  'kid of another type': (bench) => withMember(bench, 'kid', bench.random.pick(otherValues)),
  'kid left out': (bench) => withMember(bench, 'kid', undefined),
  'kid unknown': (bench) => withMember(bench, 'kid', JSON.stringify(bench.random.pick([
    'unknown', '../../../dev/null', "' OR 1=1 --", 'es256\u0000', 'ES256', 'rsa ', 'k'.repeat(2000), 'zoë', '\u{1f511}', '__proto__', '0',
  ]))),
  'kid of another key': (bench) => withMember(bench, 'kid', JSON.stringify(bench.random.pick(Object.keys(bench.keys)))),
  'kid of another key, signed by that key': (bench) => {
    const base = bench.draw();
    const other = bench.draw();
    base.header.set('kid', JSON.stringify(other.key.kid ?? 'none'));
    return bench.pen.sign(other.key, other.alg, base.header.set('alg', JSON.stringify(bench.random.pick([base.alg, other.alg]))),
      base.payload);
  },
  'typ changed': (bench) => withMember(bench, 'typ', bench.random.pick([
    ...otherValues, undefined, ...['JWT', 'jwt', 'AT+JWT', 'application/jwt', 'APPLICATION/AT+JWT', 'JOSE', 'id_token', 'dpop+jwt',
      'logout+jwt', 'secevent+jwt', 'at+jwt ', 'text/jwt', 'jwt\u0000', 'application/', 'application/application/jwt',
      '\u212awt'].map((text) => JSON.stringify(text))])),
  'cty or a member of no meaning': (bench) => withMember(
    bench, bench.random.pick(['cty', 'nonce', 'exp', 'iss', 'x', '__proto__', 'toString', '']),
    bench.random.pick([...otherValues, '"JWT"'])),
  'crit': (bench) => withMember(bench, 'crit', bench.random.pick([
    ...otherValues, '["exp"]', '["b64"]', '["alg"]', '["kid","typ"]', '["crit"]', '["b64","b64"]', '[["b64"]]', '[null]', '[""]',
    '"alg"', '"b64"', '{"alg":1}', '["http://example.com/UNDEFINED"]', '["toString"]', '["x5c"]'])),
  'crit and b64': (bench) => {
    const base = bench.draw();
    base.header.set('b64', bench.random.pick(['true', 'false', 'true', 'null', '"true"', '1']));
    base.header.set('crit', bench.random.pick(['["b64"]', '["b64"]', '["b64","exp"]', '["b64","kid"]', '[]']));
    return bench.resigned(base);
  },
  'b64 without crit': (bench) => withMember(bench, 'b64', bench.random.pick([...otherValues, 'true', 'false', 'false', '"false"', '0'])),
  'an unencoded payload': (bench) => {
    const base = bench.draw();
    base.header.set('b64', 'false');
    if (bench.random.chance(0.7)) base.header.set('crit', '["b64"]');
    const payload = bench.random.pick(['hello', 'eyJ', base.parts[1], base64url('{}'), '{"a":1}',
      base.payload.toString().replaceAll('.', '')]);
    return bench.pen.signParts(base.key, base.alg, base64url(base.header.toString()), payload.replaceAll('\n', ' '));
  },
  // As RFC 7797 signs it, while the token has the payload encoded.
  'an unencoded payload, encoded': (bench) => {
    const base = bench.draw();
    base.header.set('b64', 'false');
    if (bench.random.chance(0.6)) base.header.set('crit', '["b64"]');
    const header = base64url(base.header.toString());
    const payload = base.payload.toString();
    return `${header}.${base64url(payload)}.${base64url(signatureOf(base.key, base.alg, `${header}.${payload}`))}`;
  },
  'its own key in the header': (bench) => {
    const [stranger, alg] = bench.random.pick([['stranger-rsa', 'RS256'], ['stranger-ec', 'ES256'], ['stranger-okp', 'EdDSA'],
      ['stranger-oct', 'HS256']]);
    const key = bench.keys[stranger];
    const kid = bench.random.pick([undefined, 'rsa', 'es256', 'ed25519', 'hs256', stranger]);
    const more = bench.random.pick([
      {jwk: JSON.parse(ownKey(key.jwk))}, {jku: 'http://127.0.0.1:9/jwks'}, {x5u: 'http://127.0.0.1:9/cert'}, {x5c: ['MIIB']},
      {'x5t#S256': base64url(bench.random.bytes(32))}, {},
    ]);
    return byStranger(bench, key, alg, {alg, kid, ...more});
  },
  'signed by the key for encryption': (bench) => byStranger(
    bench, bench.keys.encryption, 'ES256', {alg: 'ES256', kid: bench.random.pick(['encryption', 'es256', undefined])}),
  'signed by one of two keys of one kid': (bench) => {
    const base = bench.draw((key) => key.kid === 'twin');
    if (bench.random.chance(0.3)) base.header.remove('kid');
    return bench.resigned(base);
  },
  'encrypted for a key instead of signed': (bench) => {
    const base = bench.draw((key) => key.kind === 'RSA');
    const input = `${base64url(base.header.toString())}.${base.parts[1]}`;
    const block = Buffer.concat([Buffer.alloc(1), bench.random.bytes(255)]);
    return `${input}.${base64url(publicEncrypt({key: base.key.publicKey, padding: constants.RSA_NO_PADDING}, block))}`;
  },
};
