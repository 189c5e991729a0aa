// A gateway under attack: attacks take turns on it, so that every counter, log line and upstream byte has one cause.
import assert from 'node:assert/strict';

import {bearer, request} from '../harness/requests.mjs';
import {startStandard} from '../harness/standard.mjs';
import {mint, now} from '../harness/tokens.mjs';
import {eventually} from '../harness/waiting.mjs';

class World {
  #turns = Promise.resolve();
  #marks = 0;

  constructor(parts) { Object.assign(this, parts); }

  // Runs `action` when those that came before are over.
  inTurn(action) {
    const mine = this.#turns.then(action);
    this.#turns = mine.catch(() => {});
    return mine;
  }

  // An honest request on `client`, which must be answered; its log line stands between those of two attacks.
  async mark(client) {
    const path = `/orders/mark-${++this.#marks}`;
    client.send(request('GET', path, [bearer(this.token)]));
    const response = await client.response();
    assert.equal(response.status, 200, `an honest request got: ${response.text}`);
    return path;
  }

  // The lines of the access log between two marks.
  async linesBetween(from, to) {
    const place = (path) => this.gateway.running.stdout.indexOf(`"path":"${path}"`);
    await eventually(`the log line of ${to}`, () => place(to) >= 0);
    const text = this.gateway.running.stdout.slice(place(from), place(to));
    return text.split('\n').slice(1, -1).map((line) => JSON.parse(line));
  }
}

// One worker, unless a function says otherwise: the lines of several come in no order.
// startStandard() as a world: {key, upstream, gateway, token: a good one of `key`}, and `more`.
export async function startWorld(scope, changes, more = {}) {
  const standard = await startStandard(scope, typeof changes === 'function' ? changes : {workers: 1, ...changes});
  return new World({...standard, ...more, token: await mint(standard.key, {exp: now() + 3600})});
}
