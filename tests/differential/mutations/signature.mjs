// Forged, re-encoded and re-computed signatures, by outsiders and by the holder of the key who breaks the rules.
import {createHash, createHmac, sign} from 'node:crypto';

import {base64url, curves} from '../keys.mjs';
import {modulo, toBytes, toNumber} from '../numbers.mjs';
import {digestOf, ecdsa, joinedPair, pkcs1, pss, signatureOf, splitPair} from '../signing.mjs';

const isEc = (key) => key.secretNumber !== undefined;
const isRsa = (key) => key.kind === 'RSA';
const isEdwards = (key) => /^Ed/.test(key.kind);

// The drawn token with other bytes as its signature.
const withSignature = ({parts}, bytes) => `${parts[0]}.${parts[1]}.${base64url(bytes)}`;
const inputOf = ({parts}) => `${parts[0]}.${parts[1]}`;

function withPair(bench, change) {
  const base = bench.draw(isEc);
  const {width, order} = curves[base.key.crv];
  const changed = change(splitPair(base.signature), order, width);
  return withSignature(base, Buffer.isBuffer(changed) ? changed : joinedPair(changed, width));
}

function derInteger(number) {
  const bytes = toBytes(number);
  const body = bytes[0] >= 0x80 || bytes.length === 0 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, body.length]), body]);
}

function der({r, s}) {
  const body = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.from(body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length]), body]);
}

const fill = (bytes, length) => Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length))]);

const digestInfoPrefixes = {
  sha256: '3031300d060960864801650304020105000420', sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
  'sha256 without NULL': '302f300b0609608648016503040201' + '0420', sha1: '3021300906052b0e03021a05000414',
};

// Blocks that an RSA key's holder could sign and no RS256 is: the wrong hash, no NULL, short padding with a tail.
function unlawfulPkcs1(random, key, input) {
  const hash = (name) => createHash(name).update(input).digest();
  const info = (prefix, name) => Buffer.concat([Buffer.from(digestInfoPrefixes[prefix], 'hex'), hash(name)]);
  return random.pick([
    () => pkcs1(key, info('sha256 without NULL', 'sha256')),
    () => pkcs1(key, info('sha1', 'sha1')),
    () => pkcs1(key, hash('sha256')),
    () => pkcs1(key, info('sha256', 'sha256'), {tail: Buffer.alloc(100)}),
    () => pkcs1(key, info('sha256', 'sha256'), {padding: 0xfe}),
    () => pkcs1(key, info('sha256', 'sha384')),
    () => pkcs1(key, info('sha384', 'sha384')),
  ])();
}

const edwardsOrders = {
  Ed25519: 2n ** 252n + 27742317777372353535851937790883648493n,
  Ed448: 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n,
};

// S + L in place of S: the same point, another signature (RFC 8032 sections 5.1.7, 5.2.7 refuse it).
function withLargeScalar({key, signature}) {
  const half = signature.length / 2;
  const scalar = toNumber(Buffer.from(signature.subarray(half)).reverse()) + edwardsOrders[key.kind];
  return Buffer.concat([signature.subarray(0, half), toBytes(scalar, half).reverse()]);
}

export const signatureMutations = {
  'ECDSA as DER': (bench) => withPair(bench, (pair, order, width) => {
    const bytes = der(pair);
    return bench.random.chance(0.3) ? fill(bytes, 2 * width) : bytes;
  }),
  'ECDSA of zeros and the order': (bench) => withPair(bench, ({r, s}, order) => {
    const numbers = [0n, 1n, order - 1n, order, r, s];
    return {r: bench.random.pick(numbers), s: bench.random.pick(numbers)};
  }),
  'ECDSA with n - s': (bench) => withPair(bench, ({r, s}, order) => ({r, s: order - s})),
  'ECDSA exchanged or negated': (bench) => withPair(bench, ({r, s}, order) => bench.random.pick([
    {r: s, s: r}, {r: order - r, s}, {r: order - r, s: order - s}, {r, s: modulo(s + 1n, order)},
    {r: modulo(r * 2n, order), s: modulo(s * 2n, order)}])),
  'ECDSA of another width': (bench) => withPair(bench, ({r, s}, order, width) => bench.random.pick([
    () => joinedPair({r, s}, width + 1), () => joinedPair({r, s}, width + 16),
    () => Buffer.concat([joinedPair({r, s}, width), Buffer.alloc(2)]),
    () => Buffer.concat([Buffer.alloc(2), joinedPair({r, s}, width)]), () => joinedPair({r, s}, width).subarray(1),
    () => Buffer.concat([toBytes(r), toBytes(s)]),
    () => Buffer.concat([joinedPair({r, s}, width), Buffer.alloc(1)]),
  ])()),
  // r + n or s + n, where the field has room for it.
  'ECDSA beyond the order': (bench) => withPair(bench, ({r, s}, order, width) => {
    const small = (number) => (number + order < 1n << BigInt(8 * width) ? number + order : number);
    return bench.random.pick([{r: small(r), s}, {r, s: small(s)}, {r: small(r), s: small(s)}]);
  }),
  'ECDSA over another hash': (bench) => {
    const base = bench.draw(isEc);
    const digest = bench.random.pick(['sha1', 'sha256', 'sha384', 'sha512']);
    const input = inputOf(base);
    const bytes = joinedPair(ecdsa(base.key, digest, input), curves[base.key.crv].width);
    return digest === digestOf(base.alg) ? bench.pen.join(base.key, base.alg, input, bytes) : withSignature(base, bytes);
  },
  'RSA with zeros before or behind': (bench) => {
    const base = bench.draw(isRsa);
    const zeros = Buffer.alloc(bench.random.between(1, 4));
    return withSignature(base, bench.random.chance(0.6) ? Buffer.concat([zeros, base.signature]) : Buffer.concat([base.signature, zeros]));
  },
  'RSA plus or minus the modulus': (bench) => {
    const base = bench.draw(isRsa);
    const number = toNumber(base.signature);
    const other = bench.random.pick([number + base.key.modulus, base.key.modulus - number, 0n, 1n, base.key.modulus - 1n,
      base.key.modulus]);
    return withSignature(base, toBytes(other, other < 1n << 2048n ? 256 : 257));
  },
  'RSA blocks of other forms': (bench) => {
    const base = bench.draw((key, alg) => isRsa(key) && alg === 'RS256');
    return withSignature(base, unlawfulPkcs1(bench.random, base.key, inputOf(base)));
  },
  'PSS with a salt of another length': (bench) => {
    const base = bench.draw((key, alg) => alg.startsWith('PS'));
    const lawful = digestOf(base.alg).slice(3) / 8;
    const lengths = [0, 1, 20, lawful - 1, lawful + 1, 222 - lawful, 100];
    return withSignature(base, pss(base.key, digestOf(base.alg), inputOf(base), {saltLength: bench.random.pick(lengths)}));
  },
  'PSS with another hash in its mask': (bench) => {
    const base = bench.draw((key, alg) => alg.startsWith('PS'));
    const others = ['sha1', 'sha256', 'sha384', 'sha512'].filter((digest) => digest !== digestOf(base.alg));
    return withSignature(base, pss(base.key, digestOf(base.alg), inputOf(base), {maskDigest: bench.random.pick(others)}));
  },
  'HMAC cut, lengthened or of another hash': (bench) => {
    const base = bench.draw((key) => key.secret);
    const {signature, key} = base;
    return withSignature(base, bench.random.pick([
      () => signature.subarray(0, signature.length / 2), () => signature.subarray(0, 1), () => signature.subarray(0, -1),
      () => fill(signature, signature.length + 1),
      () => Buffer.concat([signature, signature]), () => Buffer.alloc(signature.length),
      () => createHmac(bench.random.pick(['sha1', 'md5', 'sha224']), key.secret).update(inputOf(base)).digest(),
      () => createHash(digestOf(base.alg)).update(key.secret).update(inputOf(base)).digest(),
      () => createHmac(digestOf(base.alg), key.jwk.k).update(inputOf(base)).digest(),
    ])());
  },
  'EdDSA with a scalar beyond the order': (bench) => {
    const base = bench.draw(isEdwards);
    return withSignature(base, withLargeScalar(base));
  },
  'EdDSA of small points and other lengths': (bench) => {
    const base = bench.draw(isEdwards);
    const {signature} = base;
    const half = signature.length / 2;
    const identity = fill(Buffer.from([1]), half);
    return withSignature(base, bench.random.pick([
      Buffer.alloc(signature.length), Buffer.concat([identity, Buffer.alloc(half)]), Buffer.concat([identity, signature.subarray(half)]),
      Buffer.concat([signature.subarray(0, half), Buffer.alloc(half)]), fill(signature, signature.length + 1),
      signature.subarray(0, -1), signature.subarray(0, half),
    ]));
  },
  'signed over other bytes': (bench) => {
    const base = bench.draw();
    const [header, payload] = base.parts;
    const decoded = (part) => Buffer.from(part, 'base64url');
    const bytes = bench.random.pick([
      payload, `${header}${payload}`, `${header}.${payload}.`, `${payload}.${header}`, `${header}.`,
      Buffer.concat([decoded(header), Buffer.from('.'), decoded(payload)]), '']);
    return withSignature(base, signatureOf(base.key, base.alg, bytes));
  },
  'signed by a stranger': (bench) => {
    const base = bench.draw((key, alg) => ['HS256', 'HS512', 'RS256', 'PS256', 'ES256'].includes(alg) || key.kind === 'Ed25519');
    const stranger = bench.keys[{oct: 'stranger-oct', RSA: 'stranger-rsa', 'P-256': 'stranger-ec', Ed25519: 'stranger-okp'}[base.key.kind]];
    return bench.pen.sign(stranger, base.alg, base.header, base.payload);
  },
  'random bytes': (bench) => {
    const base = bench.draw();
    return withSignature(base, bench.random.bytes(bench.random.chance(0.6) ? base.signature.length : bench.random.below(300)));
  },
  // The base64url of header and payload is odd, and exactly that is signed.
  'signed over text that is not strict base64url': (bench) => {
    const base = bench.draw();
    const odd = [
      (part) => `${part}=`, (part) => part + '='.repeat((4 - part.length % 4) % 4),
      (part) => `${part.slice(0, 4)} ${part.slice(4)}`, (part) => `${part}!`,
      (part) => part.replaceAll('-', '+').replaceAll('_', '/'), (part) => `${part.slice(0, 8)}\t\r${part.slice(8)}`,
      (part) => `${part}A`.slice(0, part.length + (part.length % 4 ? 0 : 1)),
      (part) => ({2: `${part.slice(0, -1)}${String.fromCharCode(part.charCodeAt(part.length - 1) + 1)}`}[part.length % 4] ?? `${part}é`),
    ];
    const header = bench.random.chance(0.5) ? bench.random.pick(odd)(base.parts[0]) : base.parts[0];
    const payload = header === base.parts[0] || bench.random.chance(0.3) ? bench.random.pick(odd)(base.parts[1]) : base.parts[1];
    return bench.pen.signParts(base.key, base.alg, header, payload);
  },
  'a prehash or a hash of the input': (bench) => {
    const base = bench.draw((key) => isEdwards(key) || isRsa(key));
    const hash = createHash('sha512').update(inputOf(base)).digest();
    return withSignature(base, isEdwards(base.key) ? sign(null, hash, base.key.privateKey) : sign('sha256', hash, base.key.privateKey));
  },
};
