/** Variables of the connection that a request came by, and of the process. */
import { hostname } from 'node:os';
import { IpReader } from '#kit/ip.ts';
import { VERSION } from '#kit/version.ts';
import { tcpInfo } from '#native/socket.ts';
import type { Getter } from './space.ts';

const HOSTNAME = hostname().toLowerCase();
const PID = String(process.pid);

export const CONNECTION_VARIABLES = {
  scheme: exchange => (exchange.connection.tls ? 'https' : 'http'),
  https: exchange => (exchange.connection.tls ? 'on' : ''),
  http2: ({ downstream, connection }) =>
    downstream.protocol !== 'HTTP/2.0' ? '' : connection.tls ? 'h2' : 'h2c',
  // There is none.
  http3: () => '',
  hostname: () => HOSTNAME,
  pid: () => PID,
  nginx_version: () => '1.31.5',
  moat_version: () => VERSION,
  remote_addr: exchange => exchange.remoteAddress,
  binary_remote_addr: binaryAddress(),
  remote_port: exchange => (exchange.remotePort ? String(exchange.remotePort) : ''),
  realip_remote_addr: exchange => exchange.connection.remoteAddress,
  realip_remote_port: exchange => String(exchange.connection.remotePort || ''),
  server_addr: exchange => exchange.connection.localAddress,
  server_port: exchange => String(exchange.connection.localPort || ''),
  tcpinfo_rtt: ofTcp(info => info.rttUs),
  tcpinfo_rttvar: ofTcp(info => info.rttVarUs),
  tcpinfo_snd_cwnd: ofTcp(info => info.sndCwnd),
  tcpinfo_rcv_space: ofTcp(info => info.rcvSpace),
  connection: exchange => String(exchange.connection.id),
  connection_requests: exchange => String(exchange.connection.requests),
  connection_time: exchange => ((exchange.clock.nowMs() - exchange.connection.startedMs) / 1000).toFixed(3),
  pipe: exchange => (exchange.pipelined ? 'p' : '.'),
} satisfies Record<string, Getter>;

/** What the kernel says of the client's connection now. */
function ofTcp(value: (info: ReturnType<typeof tcpInfo>) => number): Getter {
  return ({ connection: { fd, remoteAddress } }) =>
    fd < 0 || remoteAddress.startsWith('unix:') ? undefined : String(value(tcpInfo(fd)));
}

/** 4 bytes for IPv4 and 16 for IPv6; `unix:` as it is. */
function binaryAddress(): Getter {
  const reader = new IpReader();
  return ({ remoteAddress }) => (reader.read(remoteAddress) ? reader.bytes() : remoteAddress);
}
