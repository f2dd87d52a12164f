/** Loads the compiled addon once per thread, and says what to do when it cannot be loaded. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A stream loop of the addon; opaque. */
export type StreamHandle = { readonly stream: unique symbol };

/** A TLS context of the addon; opaque. It lives until nobody holds it and no connection uses it. */
export type TlsHandle = { readonly tls: unique symbol };

/** A watch of the addon; opaque. */
export type WatchHandle = { readonly watch: unique symbol };
/** Of another process, watched; opaque. */
export type LifeHandle = { readonly life: unique symbol };

/** The addon's verbs as they stand in C. The typed faces (`socket.ts`, `identity.ts`, `crypt.ts`) are what others use. */
export type Addon = {
  bindTcp(options: object): number;
  bindUdp(options: object): number;
  listenTcp(options: object): number;
  listenUnix(options: object): number;
  listenFd(fd: number, backlog: number): void;
  tuneListener(fd: number, options: object): void;
  steerGroup(fd: number, options: object): void;
  unsteerGroup(fd: number): void;
  outgoingSocket(options: object): number;
  connectDatagram(options: object): number;
  rawSocket(options: object): number;
  rawSend(fd: number, host: string, family: 4 | 6, port: number, bytes: Uint8Array): void;
  rawReceive(fd: number, buffer: Uint8Array): { length: number; address: string } | undefined;
  packetSocket(name: string, protocol: number): number;
  markedSocket(options: object): number;
  dupFd(fd: number): number;
  closeFd(fd: number): void;
  setCloexec(fd: number, on: boolean): void;
  localAddress(fd: number): { family: 'IPv4' | 'IPv6' | 'unix'; address: string; port: number };
  tcpInfo(fd: number): { rttUs: number; rttVarUs: number; sndCwnd: number; rcvSpace: number };
  socketPair(): [number, number];
  sendFds(sock: number, fds: readonly number[], payload: Uint8Array, timeoutMs?: number): void;
  receiveFds(
    sock: number,
    maxFds: number,
    timeoutMs?: number,
  ): { fds: number[]; payload: Uint8Array } | undefined;
  fdLimit(): { soft: number; hard: number };
  setFdLimit(soft: number): void;
  userIds(name: string): { uid: number; gid: number } | undefined;
  groupId(name: string): number | undefined;
  holdCapabilities(): void;
  takeCapabilities(mask: number): void;
  setIdentity(user: string, uid: number, gid: number, keepMask: number, dumpable: boolean): void;
  cryptHash(key: string, setting: string): string | undefined;
  hostAddresses(name: string): string | undefined;
  readCached(fd: number, buffer: Uint8Array, position: number): number;
  netlinkAsk(protocol: number, message: Uint8Array, action: string, object: string): Uint8Array;
  netlinkListen(protocol: number, groups: number): number;
  netlinkDrain(fd: number): void;
  groupSocket(options: object): number;
  groupSend(fd: number, destination: Uint8Array, source: Uint8Array, index: number, bytes: Uint8Array): void;
  groupReceive(fd: number, buffer: Uint8Array): GroupArrival | undefined;
  linkSocket(): number;
  linkSend(fd: number, index: number, frame: Uint8Array): void;
  watchFd(fd: number, onReadable: () => void): WatchHandle;
  unwatchFd(handle: WatchHandle): void;
  lifeMake(): number;
  lifeHold(fd: number): void;
  lifeLeave(): void;
  lifeWatch(fd: number, priority: number): LifeHandle;
  lifeWill(handle: LifeHandle, steps: readonly object[]): void;
  lifeEnd(handle: LifeHandle): number[] | undefined;
  setRealtime(priority: number, limitUs: number): void;
  lockMemory(): void;
  streamOpen(options: object): StreamHandle;
  streamListen(loop: StreamHandle, fd: number): number;
  streamConnect(loop: StreamHandle, host: string, port: number, boundFd?: number): number;
  streamFlush(loop: StreamHandle, entries: number): void;
  streamSend(loop: StreamHandle, stream: number, bytes: Uint8Array): number;
  streamClose(loop: StreamHandle, stream: number, reset: boolean): void;
  streamRead(loop: StreamHandle, stream: number, on: boolean): void;
  streamFd(loop: StreamHandle, stream: number): number;
  streamCount(loop: StreamHandle): number;
  streamTls(
    loop: StreamHandle,
    stream: number,
    context: TlsHandle,
    first: Uint8Array,
    client?: object,
  ): number;
  streamTlsFact(loop: StreamHandle, stream: number, fact: number): string | undefined;
  streamTlsChain(loop: StreamHandle, stream: number): Buffer[] | undefined;
  tlsContext(options: object): TlsHandle;
  tlsTickets(context: TlsHandle, keys: readonly Uint8Array[]): void;
  ocspRequest(certificate: Uint8Array, issuer: Uint8Array): Buffer;
  ocspVerdict(options: object): { status: 'good' | 'revoked' | 'unknown'; untilMs: number };
  tlsCertificate(
    context: TlsHandle,
    index: number,
  ): { certificate: Buffer; issuer?: Buffer; responder?: string } | undefined;
  tlsStaple(context: TlsHandle, index: number, answer: Uint8Array): void;
  cryptHashAsync(key: string, setting: string, done: (hash: string | undefined) => void): void;
};

/** A message, where it lies in the buffer, and how it came. */
export type GroupArrival = {
  readonly offset: number;
  readonly length: number;
  /** 4 or 16 bytes each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit. */
  readonly hops: number;
  /** Of the interface. */
  readonly index: number;
};

const BUILD_DIR = join(import.meta.dirname, 'build');
const REMEDY = 'run scripts/build-native (it needs: apt-get install gcc libc6-dev libcrypt-dev)';

/** The newest verb: an addon without it was compiled before the TypeScript beside it was written. */
const NEWEST_VERB: keyof Addon = 'markedSocket';

// A cache: dlopen() gives the same addon each time, and asking it costs a stat() per call.
let loaded: Addon | undefined;

/**
 * The addon, loaded at the first call: whoever only checks a configuration needs no compiler.
 *
 * `MOAT_NATIVE=asan` takes the variant that scripts/build-native makes for the sanitizer run.
 *
 * @throws {Error} that names the remedy, if the addon is not built, out of date, or lacks a library
 */
export function addon(): Addon {
  loaded ??= load(join(BUILD_DIR, process.env['MOAT_NATIVE'] === 'asan' ? 'moat-asan.node' : 'moat.node'));
  return loaded;
}

/** Loads the addon at `path`; exported for its tests. @throws {Error} as `addon()` does */
export function load(path: string): Addon {
  if (!existsSync(path)) throw new Error(`Cannot load ${path}: it is not built: ${REMEDY}`);
  const found = open(path);
  if (!(NEWEST_VERB in found)) throw new Error(`Cannot use ${path}: it is older than its sources: ${REMEDY}`);
  return found;
}

function open(path: string): Addon {
  try {
    return createRequire(import.meta.url)(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot load ${path}: ${reason}: ${REMEDY}`, { cause });
  }
}
