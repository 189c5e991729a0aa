// Certificates by the openssl program: one authority, and leaves for given names.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

import {run} from './program.mjs';

async function openssl(...args) {
  const ending = await run('openssl', args);
  if (ending.code !== 0) throw new Error(`openssl ${args.join(' ')}: ${ending.stderr}`);
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

// An authority in the scope's folder: {certificateFile, certificate, issue(name, ...more)}.
export async function makeAuthority(scope, name = 'postern test authority') {
  const path = (file) => join(scope.directory, file);
  const prefix = name.replace(/\W+/g, '-');
  const certificateFile = path(`${prefix}.pem`);
  const keyFile = path(`${prefix}.key`);
  await openssl('req', '-x509', ...newKey, '-keyout', keyFile, '-out', certificateFile, '-subj', `/CN=${name}`);
  return {
    certificateFile,
    certificate: readFileSync(certificateFile, 'utf8'),
    // A leaf for host names and IP addresses: files, and their content as node's tls wants it.
    async issue(...names) {
      const leaf = path(`${prefix}-${names[0].replace(/\W+/g, '_')}`);
      const alternative = names.map((each) => `${/^[\d.]+$/.test(each) ? 'IP' : 'DNS'}:${each}`).join(',');
      await openssl('req', '-x509', '-CA', certificateFile, '-CAkey', keyFile, ...newKey, '-keyout', `${leaf}.key`,
        '-out', `${leaf}.pem`, '-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternative}`,
        '-addext', 'basicConstraints=critical,CA:FALSE');
      return {
        certificateFile: `${leaf}.pem`,
        keyFile: `${leaf}.key`,
        secure: {cert: readFileSync(`${leaf}.pem`), key: readFileSync(`${leaf}.key`)},
      };
    },
  };
}
