// Claims changed, each to values that a careless check lets through. Most are signed again: then the claim alone decides.
import {base64url} from '../keys.mjs';
import {at, audience, issuer, leeway} from '../workshop.mjs';

function withClaim(bench, name, text) {
  const base = bench.draw();
  if (text === undefined) base.payload.remove(name);
  else base.payload.set(name, text);
  return bench.resigned(base);
}

const otherTypes = ['null', 'true', 'false', '0', '7', '-1', '""', '"x"', '[]', '["x"]', '{}', '[[]]', '[null]'];
const quoted = (...texts) => texts.map((text) => JSON.stringify(text));

const issuers = quoted(
  issuer, `${issuer}/`, ` ${issuer}`, issuer.toUpperCase(), `${issuer}.evil.example`, issuer.slice(0, -1), `${issuer}\0`,
  'https://evil.example', `${issuer}#`, issuer.replace('e', '\u0435'));
const audiences = [
  ...quoted(audience, `${audience} `, audience.slice(1), audience.toUpperCase(), `${audience},x`, '*', 'orders', [], ['x'],
  [audience], [[audience]], [audience, audience]),
  `["x",7,"${audience}"]`, `["${audience}",null]`, `["${audience}",{}]`, `{"${audience}":true}`, `["${audience}",["x"]]`,
  `[true,"${audience}"]`,
];
const edges = [-leeway - 1, -leeway, -leeway + 1, -1, 0, 1, leeway - 1, leeway, leeway + 1].flatMap((offset) => [
  `${at + offset}`, `${at + offset}.5`, `${at + offset}.000001`]);
const dates = [
  ...edges, ...otherTypes, ...quoted(`${at + 300}`, `${at - 300}`, 'never', '2033-05-18'), `${at * 1000}`, '253402300799',
  '253402300800', '253402300799.5', '1e12', '9223372036854775807', '9223372036854775808', '18446744073709551615', '1e308',
  '1e309', '1e400', '-1e400', '1e-400', '-9223372036854775809', '4294967296', `[${at + 300}]`,
];
const subjects = [...otherTypes, ...quoted('root', 'alice\r\nX-Admin: 1', 'a\0b', '\u202eadmin', 'a'.repeat(3000), '-', 'alice ')];
const bindings = ['null', '{}', '{"jkt":"x"}', '{"x5t#S256":"x"}', '"x"', '[]', 'true'];
const kinds = [...otherTypes, ...quoted('ID', 'id', 'Refresh', 'Offline', 'Bearer', 'access', 'ACCESS', 'JWT', 'refresh', 'at+jwt',
  'user')];

export const claimMutations = {
  'iss': (bench) => withClaim(bench, 'iss', bench.random.pick([undefined, ...issuers, ...otherTypes, `["${issuer}"]`])),
  'aud': (bench) => withClaim(bench, 'aud', bench.random.pick([undefined, ...audiences, ...otherTypes])),
  'exp': (bench) => withClaim(bench, 'exp', bench.random.pick([undefined, ...dates])),
  'nbf': (bench) => withClaim(bench, 'nbf', bench.random.pick([undefined, ...dates])),
  'iat': (bench) => withClaim(bench, 'iat', bench.random.pick([undefined, ...dates])),
  'sub or jti': (bench) => withClaim(bench, bench.random.pick(['sub', 'jti']), bench.random.pick([undefined, ...subjects])),
  'cnf': (bench) => withClaim(bench, 'cnf', bench.random.pick(bindings)),
  'what the payload calls itself': (bench) => withClaim(bench, bench.random.pick(['typ', 'token_use']), bench.random.pick(kinds)),
  'several claims': (bench) => {
    const base = bench.draw();
    const table = {iss: issuers, aud: audiences, exp: edges, nbf: edges, iat: edges, sub: subjects};
    for (const [name, values] of Object.entries(table)) if (bench.random.chance(0.4)) base.payload.set(name, bench.random.pick(values));
    return bench.resigned(base);
  },
  'edited under the old signature': (bench) => {
    const base = bench.draw();
    const [name, text] = bench.random.pick([
      ['sub', '"root"'], ['exp', '99999999999'], ['aud', '"*"'], ['scope', '"admin"'], ['admin', 'true'],
      ['iss', '"https://evil.example"']]);
    return `${base.parts[0]}.${base64url(base.payload.set(name, text).toString())}.${base.parts[2]}`;
  },
  'an old token': (bench) => {
    const base = bench.draw();
    const age = bench.random.pick([3600, 86400, 10 ** 9]);
    for (const name of ['exp', 'iat', 'nbf']) if (bench.random.chance(0.7)) base.payload.set(name, `${at - age}`);
    return bench.resigned(base);
  },
};
