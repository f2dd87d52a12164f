/** Draws the stack's keys by lot, once: `node keys.ts FOLDER REDIS-FOLDER`. What is there is left as it is. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { developmentCertificate } from '../../control/demo/certificate.ts';

const [keys = '.', redis = '.'] = process.argv.slice(2);
const CERTIFICATE_DAYS = 365;
const secret = (): string => randomBytes(32).toString('base64url');

/** @param mode of the file: what only control reads is for root alone */
function draw(folder: string, name: string, text: string, mode = 0o400): void {
  const path = join(folder, name);
  if (existsSync(path)) return;
  writeFileSync(path, text, { mode, flag: 'wx' });
  console.log(`made ${path}`);
}

for (const name of ['directors', 'proxies', 'flows', 'hash', 'sessions', 'sticky'])
  draw(keys, `${name}.key`, `${secret()}\n`);
if (!existsSync(join(keys, 'site.pem'))) {
  const { key, certificate } = developmentCertificate(CERTIFICATE_DAYS);
  draw(keys, 'site.key', key);
  draw(keys, 'site.pem', certificate, 0o444);
}
if (!existsSync(join(redis, 'redis.conf'))) {
  const password = secret();
  draw(keys, 'redis.password', `${password}\n`);
  // Nothing is kept on a disk: what lies there is only worth something while clients are there. Read by Redis' own user.
  const lines = ['bind 0.0.0.0', 'save ""', 'maxmemory 64mb', 'maxmemory-policy volatile-lru'];
  draw(redis, 'redis.conf', `${lines.join('\n')}\nrequirepass ${password}\n`, 0o444);
}
