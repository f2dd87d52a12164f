/** A TLS server with a certificate of its own making, for peer.test. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer, type SecureServerOptions } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Peer } from './servers.ts';

export interface TlsPeer extends Peer {
  readonly pem: string;
}

/** A key and a certificate that is good for so many days. */
export function selfSigned(days: number): { readonly key: string; readonly cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'moat-l4-tls-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', '/CN=peer.test', '-addext', 'subjectAltName=DNS:peer.test'];
    execFileSync('openssl', [...words, ...subject, '-days', `${days}`, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key, 'latin1'), cert: readFileSync(cert, 'latin1') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export async function tlsPeer(days: number): Promise<TlsPeer> {
  const { key, cert } = selfSigned(days);
  const server = createServer({ key, cert }, socket => void socket.on('error', () => {}).resume());
  return await started(server, cert);
}

/** Answers each request over HTTP/2 by `200 ready`. */
export async function h2Peer(options: SecureServerOptions = selfSigned(90)): Promise<TlsPeer> {
  const server = createSecureServer(options, (_, response) => void response.end('ready'));
  return await started(server, String(options.cert));
}

async function started(server: ReturnType<typeof createServer>, pem: string): Promise<TlsPeer> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    pem,
    async [Symbol.asyncDispose]() {
      await new Promise<void>(done => server.close(() => done()));
    },
  };
}
