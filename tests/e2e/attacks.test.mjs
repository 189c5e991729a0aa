// A hundred attacks, numbered: what each bad token, header, path and framing must get, over real sockets; the rows that
// `waiting` names only what they get today. A row's tests begin with its number; `node --test
// --test-name-pattern='row 60:'` runs one row's.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {perform} from './attacks/checks.mjs';
import * as careless from './attacks/careless.mjs';
import * as encrypted from './attacks/encrypted.mjs';
import * as framing from './attacks/framing.mjs';
import * as headers from './attacks/headers.mjs';
import * as keys from './attacks/keys.mjs';
import * as pathsAndHosts from './attacks/paths_and_hosts.mjs';
import * as revoked from './attacks/revoked.mjs';
import * as secrets from './attacks/secrets.mjs';
import * as tokens from './attacks/tokens.mjs';
import {scoped} from './harness/scope.mjs';
import {sanitized} from './harness/waiting.mjs';

const rowCount = 100;
const chapters = [keys, secrets, tokens, revoked, encrypted, headers, pathsAndHosts, careless, framing];

// Rows whose feature is still to come, and why; what such an attack gets until then is tested as `today`.
const waiting = {
  38: 'no JWE is decrypted yet, so nothing is inflated',
  39: 'no JWE is decrypted yet, so no key is derived',
  40: 'no JWE is decrypted yet, so no key is agreed on',
  41: 'no JWE is decrypted yet: padding and tag cannot fail apart',
  42: 'no JWE is decrypted yet, so none is nested',
};

function describeChapter({title, start, attacks}) {
  // Log lines are written ten times a second: attacks wait for theirs side by side.
  describe(title, {concurrency: 16}, () => {
    const scope = scoped();
    let world, residentBefore;
    before(async () => {
      world = await start(scope);
      residentBefore = world.gateway.residentKiB();
    });
    for (const attack of attacks) {
      it(`row ${attack.row}: ${attack.what}${attack.today ? ' (today)' : ''}`, (t) => perform(scoped(t), world, attack));
    }
    it(`${title}: the gateway has not grown`, () => world.inTurn(() => {
      const grown = world.gateway.residentKiB() - residentBefore;
      assert.ok(sanitized || grown < 16 * 1024, `${grown} KiB more`);
    }));
  });
}

// Each chapter has a gateway of its own.
describe('attacks', {concurrency: chapters.length}, () => chapters.forEach(describeChapter));

it('every row is tested, or waits for its feature', () => {
  const tested = chapters.flatMap(({attacks}) => attacks.filter(({today}) => !today).map(({row}) => row));
  for (let row = 1; row <= rowCount; ++row) {
    assert.notEqual(tested.includes(row), row in waiting, `row ${row} is ${row in waiting ? 'tested and waits' : 'missing'}`);
  }
  const numbers = [...tested, ...Object.keys(waiting).map(Number)];
  assert.ok(numbers.every((row) => row >= 1 && row <= rowCount), 'a row has no number of the list');
});
