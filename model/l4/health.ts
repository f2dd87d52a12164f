/** Health checks of real servers: what is asked, and when. */
import type { Pattern } from '../template.ts';

export const L4_CHECK_TYPES = [
  'tcp',
  'http',
  'https',
  'dns',
  'udp',
  'ping',
  'smtp',
  'grpc',
  'redis',
  'mysql',
  'postgres',
  'script',
  'file',
] as const;
export type L4CheckType = (typeof L4_CHECK_TYPES)[number];

export const DNS_RECORD_TYPES = ['A', 'AAAA', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'SRV', 'PTR'] as const;
export type DnsRecordType = (typeof DNS_RECORD_TYPES)[number];

/** TLS of a check; absent means a plain connection. */
export interface CheckTlsModel {
  /** The name sent by SNI, and expected in the certificate; undefined: none is sent. */
  readonly serverName: string | undefined;
  readonly verify: boolean;
  /** PEM of those who may sign, when it is not the system's authorities; latin1. */
  readonly authorities: string | undefined;
  /** A certificate that ends within this time is warned of; 0: never. */
  readonly expiryWarningMs: number;
}

export type CheckQuestion =
  | TcpQuestion
  | HttpQuestion
  | DnsQuestion
  | UdpQuestion
  | { readonly type: 'ping' }
  | { readonly type: 'smtp'; readonly hello: string }
  | GrpcQuestion
  | { readonly type: 'redis'; readonly password: string | undefined }
  | MysqlQuestion
  | { readonly type: 'postgres'; readonly user: string; readonly database: string }
  | ScriptQuestion
  | FileQuestion;

/** A connection; then, where they are set, bytes are sent, and what comes back has to match. */
export interface TcpQuestion {
  readonly type: 'tcp';
  /** latin1; undefined: nothing. */
  readonly send: string | undefined;
  readonly expect: Pattern | undefined;
  readonly tls: CheckTlsModel | undefined;
}

export interface HttpQuestion {
  readonly type: 'http' | 'https';
  readonly method: 'GET' | 'HEAD';
  readonly uri: string;
  readonly version: '1.0' | '1.1' | '2';
  readonly host: string | undefined;
  /** From, to, both included. */
  readonly statuses: readonly (readonly [number, number])[];
  /** A field that must be there, and what must match its value. */
  readonly header: { readonly name: string; readonly value: Pattern | undefined } | undefined;
  readonly body: Pattern | undefined;
  /** Of the whole body, in lower-case hexadecimal: 32 digits are MD5, 64 are SHA-256. */
  readonly digest: string | undefined;
  /** The body holds the weight, as a file does: see FileQuestion. */
  readonly dynamicWeight: boolean;
  readonly tls: CheckTlsModel | undefined;
}

export interface DnsQuestion {
  readonly type: 'dns';
  readonly name: string;
  readonly record: DnsRecordType;
}

/** Fails on ICMP unreachable; with `expect` a datagram has to come back that matches. */
export interface UdpQuestion {
  readonly type: 'udp';
  readonly send: string;
  readonly expect: Pattern | undefined;
}

export interface GrpcQuestion {
  readonly type: 'grpc';
  /** '' asks for the whole server. */
  readonly service: string;
  readonly tls: CheckTlsModel | undefined;
}

/** Reads the greeting; as a user it logs in as well. */
export interface MysqlQuestion {
  readonly type: 'mysql';
  /** One without a password; undefined: no login. */
  readonly user: string | undefined;
}

/** Exit code 0 passes. With `dynamicWeight` 2..255 pass as well, and set the weight to the code less 2. */
export interface ScriptQuestion {
  readonly type: 'script';
  /** A program by its absolute path, and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Undefined: the script user of the l4 block. */
  readonly user: string | undefined;
  readonly dynamicWeight: boolean;
}

/**
 * Passes while the file holds something else than `down`. With `dynamicWeight` it holds the weight: a number, a share of the
 * configured one (`50%`), or `drain`, which is 0.
 */
export interface FileQuestion {
  readonly type: 'file';
  readonly path: string;
  readonly dynamicWeight: boolean;
}

export interface L4CheckModel {
  readonly question: CheckQuestion;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Each check is late by a random time up to this. */
  readonly jitterMs: number;
  /** Passed checks in a row that bring a dead real server back. */
  readonly rise: number;
  /** Failed checks in a row that take a living one out. */
  readonly fall: number;
  /** Where to ask, when that is not the real server itself. */
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** Asked by the path of the virtual server, at its own address: whether the real server answers for that. Of dr and tun only. */
  readonly throughVirtual: boolean;
  /** The address that questions come from. */
  readonly from: string | undefined;
  /** Names of the real servers that it is meant for; empty: all. */
  readonly only: readonly string[];
  /** Real servers get nothing before their first check has passed. */
  readonly mandatory: boolean;
  readonly site: { readonly file: string; readonly line: number };
}
