// Rows 3, 4 and 16 where HS256 is allowed: providers with a secret of their own beside one with public keys, on one route. What
// is refused by its algorithm elsewhere must fail here by its signature.
import {randomBytes} from 'node:crypto';

import {standardConfig} from '../harness/standard_config.mjs';
import {audience, base64url, goodClaims, issuer, jwks} from '../harness/tokens.mjs';
import {badToken, goodToken, macBy, signedBy} from './forging.mjs';
import {startWorld} from './world.mjs';

export const title = 'secrets';

// The shortest secrets that are allowed (RFC 7518 section 3.2).
const secretBytes = {HS256: 32, HS384: 48, HS512: 64};
// Of letters: a final newline would not be part of it, and HMAC takes a key for the same with and without NUL at its end.
const secretOf = (bytes) => Buffer.from(randomBytes(bytes).toString('base64url').slice(0, bytes));
const issuerOf = (name) => `https://${name.toLowerCase()}.example.com`;

export async function start(scope) {
  const secrets = Object.fromEntries(Object.entries(secretBytes).map(([algorithm, bytes]) => [algorithm, secretOf(bytes)]));
  const ofJwk = secretOf(32);
  const provider = (name, more) => ({issuer: issuerOf(name), audiences: [audience], ...more});
  const oct = {kty: 'oct', kid: 'oct', alg: 'HS256', k: base64url(ofJwk)};
  const providers = {
    ...Object.fromEntries(Object.entries(secrets).map(([algorithm, secret]) => (
      [algorithm, provider(algorithm, {algorithms: [algorithm], secret_file: scope.file(algorithm, secret)})]))),
    jwk: provider('jwk', {algorithms: ['HS256'], jwks_file: scope.file('oct.json', jwks(oct))}),
  };
  return startWorld(scope, ({endpoint, jwksFile}) => {
    const config = standardConfig({endpoint, jwksFile, workers: 1});
    Object.assign(config.providers, providers);
    config.routes[0].jwt.providers.push(...Object.keys(providers));
    return config;
  }, {secrets, ofJwk});
}

// A token of the provider `name` under any key.
const keyed = (name, keyOf, algorithm = 'HS256', header = {}) => (world) => (
  signedBy(macBy(algorithm, keyOf(world)), {alg: algorithm, typ: 'at+jwt', ...header}, goodClaims({iss: issuerOf(name)})));
const forged = (row, what, keyOf, header) => badToken(row, `${what}, where a secret is the key`, keyed('HS256', keyOf, 'HS256', header),
  'signature_invalid');
const der = ({key}) => Buffer.from(key.spki.replace(/-----[^-]+-----|\s/g, ''), 'base64');

export const attacks = [
  forged(3, 'HS256 keyed with the RSA public key\'s bytes of another provider, in PEM', ({key}) => key.spki),
  forged(3, 'HS256 keyed with the RSA public key\'s bytes of another provider, in PEM without the last newline', ({key}) => key.spki.trimEnd()),
  forged(3, 'HS256 keyed with the RSA public key\'s bytes of another provider, in DER', der),
  badToken(3, 'HS256 with a provider\'s secret, in the name of the one with public keys',
    ({secrets}) => signedBy(macBy('HS256', secrets.HS256), {alg: 'HS256', typ: 'at+jwt'}, goodClaims({iss: issuer})), 'algorithm_not_allowed'),
  forged(4, 'HS256 with an empty key', () => ''),
  forged(4, 'HS256 with a key of NUL bytes', () => Buffer.alloc(32)),
  forged(4, 'HS256 with all but the last byte of the secret', ({secrets}) => secrets.HS256.subarray(0, 31)),
  badToken(4, 'HS256 with an empty key, where a JWKS holds the secret', keyed('jwk', () => '', 'HS256', {kid: 'oct'}), 'signature_invalid'),
  ...Object.entries(secretBytes).map(([algorithm, bytes]) => (
    goodToken(16, `a secret of ${bytes} bytes for ${algorithm} is fine`, keyed(algorithm, ({secrets}) => secrets[algorithm], algorithm)))),
  goodToken(16, 'a secret of 32 bytes in a JWKS is fine', keyed('jwk', ({ofJwk}) => ofJwk, 'HS256', {kid: 'oct'})),
];
