// Judges tokens by npm's jose: tokens on stdin, one a line, one JSON line each. `payload` is the base64url of what the
// signature covers, `claims` are those that hold for the issuer, the audience and the time; null where jose refuses.
//
//   node jose.mjs '{"jwks": FILE, "algorithms": [...], "issuer": ..., "audience": ..., "at": SECONDS, "leeway": SECONDS}'
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const jose = createRequire(new URL('../../e2e/package.json', import.meta.url))('jose');

const options = JSON.parse(process.argv[2]);
const {algorithms} = options;
const rules = {
  algorithms, issuer: options.issuer, audience: options.audience, requiredClaims: ['exp'], clockTolerance: options.leeway,
  currentDate: new Date(options.at * 1000),
};

// jose's key sets take public keys only, so the secrets are looked up here in the same way.
const {keys} = JSON.parse(readFileSync(options.jwks, 'utf8'));
const publicSet = jose.createLocalJWKSet({keys: keys.filter(({kty}) => kty !== 'oct')});
const secrets = keys.filter(({kty}) => kty === 'oct').map((jwk) => ({...jwk, bytes: Buffer.from(jwk.k, 'base64url')}));

function findKey(header, token) {
  if (!header.alg.startsWith('HS')) return publicSet(header, token);
  const found = secrets.find(({kid, alg}) => alg === header.alg && (typeof header.kid !== 'string' || kid === header.kid));
  if (!found) throw new jose.errors.JWKSNoMatchingKey();
  return found.bytes;
}

// As jose's documentation tells to do when several keys match.
async function withEachKey(verify) {
  try {
    return await verify(findKey);
  } catch (error) {
    if (error?.code !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw error;
    for await (const key of error) {
      try {
        return await verify(key);
      } catch (refusal) {
        if (refusal?.code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') throw refusal;
      }
    }
    throw new jose.errors.JWSSignatureVerificationFailed();
  }
}

async function judge(token) {
  const verdict = {payload: null, claims: null};
  try {
    const {payload} = await withEachKey((key) => jose.compactVerify(token, key, {algorithms}));
    verdict.payload = Buffer.from(payload).toString('base64url');
    // It begins with the same compactVerify(), so it is not asked about what that refused.
    verdict.claims = (await withEachKey((key) => jose.jwtVerify(token, key, rules))).payload;
  } catch (error) {
    verdict.why = `${error?.code ?? error?.name}: ${error?.message}`.slice(0, 200);
  }
  return JSON.stringify(verdict);
}

const atOnce = 64;
let rest = '';
process.stdin.setEncoding('utf8');
for await (const text of process.stdin) {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (let i = 0; i < lines.length; i += atOnce) {
    const verdicts = await Promise.all(lines.slice(i, i + atOnce).map(judge));
    process.stdout.write(`${verdicts.join('\n')}\n`);
  }
}
