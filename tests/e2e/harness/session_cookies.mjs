// The cookies of a browser's session, as responses set them and requests carry them.
import assert from 'node:assert/strict';

import {remember} from './tokens.mjs';

export const accessName = '__Host-postern_access', refreshName = '__Host-postern_refresh';

// {name: {value, attributes}} of the Set-Cookie fields, each name once.
export function cookiesOf(response) {
  const cookies = {};
  for (const line of response.all('set-cookie')) {
    const [pair, ...attributes] = line.split('; ');
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    assert.ok(!(name in cookies), `${name} twice`);
    cookies[name] = {value: remember(value), attributes};
  }
  return cookies;
}

// The tokens that an answer sets as cookies.
export function tokensOf(response) {
  assert.equal(response.status, 200, response.text);
  const cookies = cookiesOf(response);
  assert.deepEqual(Object.keys(cookies), [accessName, refreshName]);
  return {access_token: cookies[accessName].value, refresh_token: cookies[refreshName].value};
}

export const cookieField = (...pairs) => ['Cookie', pairs.map(([name, value]) => `${name}=${value}`).join('; ')];
export const cookies = ({access_token: access, refresh_token: refresh}) => cookieField(
  ...(access ? [[accessName, access]] : []), ...(refresh ? [[refreshName, refresh]] : []));
