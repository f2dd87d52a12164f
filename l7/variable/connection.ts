/** Variables of the connection that a request came by, and of the process. */
import { hostname } from 'node:os';
import { IpReader } from '#kit/ip.ts';
import { VERSION } from '#kit/version.ts';
import type { Getter } from './space.ts';

const HOSTNAME = hostname().toLowerCase();
const PID = String(process.pid);

export const CONNECTION_VARIABLES = {
  scheme: exchange => (exchange.connection.tls ? 'https' : 'http'),
  https: exchange => (exchange.connection.tls ? 'on' : ''),
  hostname: () => HOSTNAME,
  pid: () => PID,
  nginx_version: () => '1.31.4',
  moat_version: () => VERSION,
  remote_addr: exchange => exchange.remoteAddress,
  remote_port: exchange => (exchange.remotePort ? String(exchange.remotePort) : ''),
  binary_remote_addr: exchange => binaryAddress(exchange.remoteAddress),
  realip_remote_addr: exchange => exchange.connection.remoteAddress,
  realip_remote_port: exchange => String(exchange.connection.remotePort || ''),
  server_addr: exchange => exchange.connection.localAddress,
  server_port: exchange => String(exchange.connection.localPort || ''),
  connection: exchange => String(exchange.connection.id),
  connection_requests: exchange => String(exchange.connection.requests),
  connection_time: exchange => ((exchange.clock.nowMs() - exchange.connection.startedMs) / 1000).toFixed(3),
  pipe: exchange => (exchange.pipelined ? 'p' : '.'),
} satisfies Record<string, Getter>;

/** Read and done with within one call. */
const reader = new IpReader();

/** 4 or 16 bytes; a socket of the file system, which has no address, is told by its name. */
function binaryAddress(address: string): string {
  if (!reader.read(address)) return address;
  let bytes = '';
  for (let at = 0; at < (reader.family === 4 ? 1 : 4); at++) {
    const word = reader.words[at]!;
    bytes += String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  }
  return bytes;
}
