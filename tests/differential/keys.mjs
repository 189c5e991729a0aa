// The keys of a run, made from its seed: those that postern is given, and some that it must not trust.
import {checkPrimeSync, createECDH, createPrivateKey, createPublicKey} from 'node:crypto';

import {inverse, modulo, toBytes, toNumber} from './numbers.mjs';
import {bytesOf} from './random.mjs';

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// `order` is the number of the group's points: r and s of a signature are below it. `group` is OpenSSL's name.
export const curves = {
  'P-256': {group: 'prime256v1', width: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n},
  'P-384': {
    group: 'secp384r1', width: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    group: 'secp521r1', width: 66,
    order: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  'secp256k1': {group: 'secp256k1', width: 32, order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n},
};
export const curveOf = {ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', ES256K: 'secp256k1'};

const edwards = {
  Ed25519: {size: 32, prefix: '302e020100300506032b657004220420'},
  Ed448: {size: 57, prefix: '3047020100300506032b6571043b0439'},
};

const smallPrimes = [];
for (let n = 3; n < 2000; n += 2) if (smallPrimes.every((prime) => n % prime !== 0)) smallPrimes.push(n);

// The first prime of 1024 bits from a start that the words decide, fit for the exponent 65537.
function primeOf(...words) {
  const start = toNumber(bytesOf(128, ...words)) | (3n << 1022n) | 1n;
  const remainders = smallPrimes.map((prime) => Number(start % BigInt(prime)));
  for (let step = 0; ; step += 2) {
    if (smallPrimes.some((prime, i) => (remainders[i] + step) % prime === 0)) continue;
    const candidate = start + BigInt(step);
    if ((candidate - 1n) % 65537n !== 0n && checkPrimeSync(candidate)) return candidate;
  }
}

function makeRsa(words) {
  const [p, q, e] = [primeOf(...words, 'p'), primeOf(...words, 'q'), 65537n];
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = {n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p)};
  const members = Object.entries(numbers).map(([name, number]) => [name, base64url(toBytes(number))]);
  const privateKey = createPrivateKey({format: 'jwk', key: {kty: 'RSA', ...Object.fromEntries(members)}});
  return {privateKey, modulus: numbers.n};
}

function makeEc(words, crv) {
  const {group, width, order} = curves[crv];
  const secret = modulo(toNumber(bytesOf(width + 8, ...words)), order - 1n) + 1n;
  const pair = createECDH(group);
  pair.setPrivateKey(toBytes(secret, width));
  const point = pair.getPublicKey();
  const jwk = {kty: 'EC', crv, x: base64url(point.subarray(1, 1 + width)), y: base64url(point.subarray(1 + width))};
  return {privateKey: createPrivateKey({format: 'jwk', key: {...jwk, d: base64url(toBytes(secret, width))}}), crv, secretNumber: secret};
}

function makeEdwards(words, crv) {
  const {size, prefix} = edwards[crv];
  const key = Buffer.concat([Buffer.from(prefix, 'hex'), bytesOf(size, ...words)]);
  return {privateKey: createPrivateKey({key, format: 'der', type: 'pkcs8'}), crv};
}

function makeMaterial(words, kind) {
  if (kind === 'oct') {
    const secret = bytesOf(64, ...words);
    return {secret, jwk: {kty: 'oct', k: base64url(secret)}};
  }
  const made = kind === 'RSA' ? makeRsa(words) : edwards[kind] ? makeEdwards(words, kind) : makeEc(words, kind);
  const publicKey = createPublicKey(made.privateKey);
  return {...made, publicKey, jwk: publicKey.export({format: 'jwk'})};
}

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

// name: [kind, the algorithms that it may verify, members of its JWK]; the name is the `kid` unless that is null.
const published = {
  'hs256': ['oct', ['HS256'], {alg: 'HS256'}],
  'hs384': ['oct', ['HS384'], {alg: 'HS384'}],
  'hs512': ['oct', ['HS512'], {alg: 'HS512'}],
  'rsa': ['RSA', rsaAlgorithms, {use: 'sig'}],
  'rsa-ps256': ['RSA', ['PS256'], {alg: 'PS256'}],
  'es256': ['P-256', ['ES256'], {alg: 'ES256'}],
  'es384': ['P-384', ['ES384'], {}],
  'es512': ['P-521', ['ES512'], {key_ops: ['verify']}],
  'es256k': ['secp256k1', ['ES256K'], {}],
  'ed25519': ['Ed25519', ['EdDSA'], {alg: 'EdDSA'}],
  'ed448': ['Ed448', ['EdDSA'], {}],
  'nameless': ['Ed25519', ['EdDSA'], {kid: null}],
  'twin-1': ['Ed25519', ['EdDSA'], {kid: 'twin'}],
  'twin-2': ['Ed25519', ['EdDSA'], {kid: 'twin'}],
  'encryption': ['P-256', [], {use: 'enc'}],
};
const strangers = {
  'stranger-oct': ['oct', []], 'stranger-rsa': ['RSA', []], 'stranger-ec': ['P-256', []], 'stranger-okp': ['Ed25519', []],
};

// {name, kid, kind, algorithms, jwk as postern gets it, privateKey or secret}
function makeKey(seed, name, [kind, algorithms, members = {}]) {
  const material = makeMaterial([seed, 'key', name], kind);
  const kid = members.kid === undefined ? name : members.kid ?? undefined;
  const jwk = JSON.parse(JSON.stringify({...material.jwk, ...members, kid}));
  return {name, kind, algorithms, ...material, kid, jwk};
}

// {name: key} of all, with `isPublished`.
export function makeKeys(seed) {
  const make = (table, isPublished) => Object.entries(table).map(([name, row]) => [name, {...makeKey(seed, name, row), isPublished}]);
  return Object.fromEntries([...make(published, true), ...make(strangers, false)]);
}

export const jwksOf = (keys) => ({keys: Object.values(keys).filter((key) => key.isPublished).map((key) => key.jwk)});
