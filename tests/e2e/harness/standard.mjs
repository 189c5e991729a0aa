// What most suites need at once: a key, a recording upstream and a gateway between them.
import {startGateway} from './gateway.mjs';
import {startUpstream} from './recording_upstream.mjs';
import {standardConfig} from './standard_config.mjs';
import {jwks, makeKey} from './tokens.mjs';

// {key, upstream, gateway, config}. Everything but `upstreamOptions`, `keys`, `env` and `under` changes the configuration; a
// function gets {endpoint, jwksFile} and returns the whole of it.
export async function startStandard(scope, changes = {}) {
  const {upstreamOptions, keys = [], env, under, ...configChanges} = typeof changes === 'function' ? {} : changes;
  const key = await makeKey('RS256');
  const upstream = await startUpstream(scope, upstreamOptions);
  const given = {endpoint: upstream.endpoint, jwksFile: scope.file('jwks.json', jwks(key, ...keys))};
  const config = typeof changes === 'function' ? changes(given) : standardConfig({...given, ...configChanges});
  const gateway = await startGateway(scope, config, {env, under});
  return {key, upstream, gateway, config};
}
