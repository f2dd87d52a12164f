/** `moat version`. */
import { MOAT_VERSION, NGINX_VERSION } from '../version.ts';

export function run(): number {
  const { node, openssl } = process.versions;
  process.stdout.write(
    `moat ${MOAT_VERSION} (speaks nginx ${NGINX_VERSION}; Node ${node}, OpenSSL ${openssl})\n`,
  );
  return 0;
}
