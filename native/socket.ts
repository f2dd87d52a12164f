/** Sockets that Node cannot make: every listen option, a bound way out, copies, and passing between processes. */
import { addon } from './addon.ts';

/*
 * A descriptor is a plain number and belongs to whoever got it: it is closed by closeFd(), or by the handle
 * that took it over. All are non-blocking where they are sockets, and close-on-exec.
 *
 * Every verb throws a TypeError for a wrong argument, and otherwise an Error like
 * "Cannot bind 127.0.0.1:80: EACCES permission denied" with `code` ("EACCES"), `errno` (negative, as Node has it),
 * `syscall` ("bind") and `object` ("127.0.0.1:80"): see NativeError.
 */

/** What every failed verb throws. */
export type NativeError = Error & { code: string; errno: number; syscall: string; object: string };

/** The options of a listening TCP socket that may change while it listens. */
export type ListenerTuning = {
  /** Sockets that clients open inherit it. Absent: the kernel's default, which is off. */
  keepAlive?:
    | { on: boolean; idleS?: number | undefined; intervalS?: number | undefined; count?: number | undefined }
    | undefined;
  /** TCP_FASTOPEN: how many connections may wait with data but without a finished handshake; 0 is off. */
  fastOpen?: number | undefined;
  /** TCP_DEFER_ACCEPT: wake the listener when data is there, not when the handshake is done. */
  deferAccept?: boolean | undefined;
  receiveBufferBytes?: number | undefined;
  sendBufferBytes?: number | undefined;
};

export type TcpOptions = ListenerTuning & {
  /** An IP literal; IPv6 without brackets, a %zone allowed. Names are for a resolver, not for here. */
  host: string;
  /** 0 lets the kernel choose: ask localAddress(). */
  port: number;
  family: 4 | 6;
  /** SO_REUSEPORT: several listeners share the port, the kernel spreads clients over them. */
  reusePort?: boolean | undefined;
  /** Only for family 6; true if absent, as nginx has it. */
  ipv6Only?: boolean | undefined;
  /** Multipath TCP; EPROTONOSUPPORT on a kernel without it. */
  multipath?: boolean | undefined;
  /** The address need not be this machine's yet: one that VRRP may bring (IP_FREEBIND). */
  freeBind?: boolean | undefined;
  /** SO_BINDTODEVICE: the name of the one interface to serve. */
  bindDevice?: string | undefined;
};

export type UnixOptions = {
  /** A binary string of 1..107 bytes. A stale file at this place is the caller's to remove: EADDRINUSE says it is there. */
  path: string;
  /** Connections that may wait to be accepted, 1..2147483647; the kernel cuts it to net.core.somaxconn. */
  backlog: number;
  /** Mode of the socket's file, 0..0o777; 0o666 if absent, as nginx has it. The umask does not touch it. */
  mode?: number | undefined;
};

/** A TCP socket bound but not listening: the address is taken, clients are refused until listenFd(). */
export const bindTcp = (options: TcpOptions): number => addon().bindTcp(options);

/** A UDP socket bound to an address that nobody else has. For `dgram.Socket.bind({ fd })`. */
export const bindUdp = (
  options: Pick<TcpOptions, 'host' | 'port' | 'family' | 'ipv6Only' | 'freeBind'>,
): number => addon().bindUdp(options);

/**
 * A bound and listening TCP socket, with SO_REUSEADDR.
 *
 * `net.Server.listen({ fd }, backlog)` calls listen(2) again, with 511 when it is given no backlog: pass
 * the same one.
 */
export const listenTcp = (options: TcpOptions & { backlog: number }): number => addon().listenTcp(options);

/** A bound and listening Unix socket. */
export const listenUnix = (options: UnixOptions): number => addon().listenUnix(options);

/** listen(2): starts a bound socket, or changes the backlog of one that listens. */
export const listenFd = (fd: number, backlog: number): void => addon().listenFd(fd, backlog);

/** Sets what is given on a listening TCP socket and leaves the rest: for a reload that keeps the socket. */
export const tuneListener = (fd: number, options: ListenerTuning): void => addon().tuneListener(fd, options);

/** How the listening sockets of one address (SO_REUSEPORT) divide connections; they have their places in the order of listen(2). */
export type GroupSteering = {
  /** How many sockets come first; they share what the others do not take. 1..65535 */
  first: number;
  /** How many come after them. 1..65535 */
  others: number;
  /** Of 100 connections; 0: none from the next one on. */
  othersPercent: number;
};

/** Divides new connections of the group that `fd` is in; those that wait to be accepted stay where they are. */
export const steerGroup = (fd: number, steering: GroupSteering): void => addon().steerGroup(fd, steering);

/** New connections are spread over all sockets of the group again. */
export const unsteerGroup = (fd: number): void => addon().unsteerGroup(fd);

/** What an outgoing socket is like; what is absent is the kernel's choice. */
export type OutgoingOptions = Pick<ListenerTuning, 'keepAlive' | 'receiveBufferBytes' | 'sendBufferBytes'> & {
  family: 4 | 6;
  localAddress?: string | undefined;
  localPort?: number | undefined;
  transparent?: boolean | undefined;
};

/**
 * An unconnected TCP socket, which will speak from `localAddress` where that is given.
 *
 * Connect it with `StreamLoop.connect()`, or with `new net.Socket({ fd, manualStart: true }).connect(port, host)`. Without
 * `localPort` the kernel picks the port at connect(), so a port is taken only per peer (IP_BIND_ADDRESS_NO_PORT).
 * `transparent` allows an address that is not this machine's, and needs CAP_NET_RAW.
 */
export const outgoingSocket = (options: OutgoingOptions): number => addon().outgoingSocket(options);

/**
 * An unconnected socket whose packets carry a mark (SO_MARK), by which filters and routes of this host know them. Its port is its
 * own alone, whoever it is connected to. For `net.Socket({ fd })`, or `dgram.Socket.bind({ fd })`.
 *
 * @throws code EPERM without CAP_NET_ADMIN and CAP_NET_RAW
 */
export const markedSocket = (options: {
  family: 4 | 6;
  kind: 'tcp' | 'udp';
  mark: number;
  localAddress?: string | undefined;
}): number => addon().markedSocket(options);

/**
 * A datagram socket connected to a peer: each write to it sends one message, and fails rather than wait.
 *
 * `abstractName` is that of a Unix socket without a file (unix(7)).
 *
 * @throws code ENOENT or ECONNREFUSED if nobody listens at a Unix path; for UDP that shows at a later write
 */
export const connectDatagram = (
  peer: { path: string } | { abstractName: string } | { host: string; port: number; family: 4 | 6 },
): number => addon().connectDatagram(peer);

/** A second descriptor of the same socket, 3 or above; the socket lives until both are closed. */
export const dupFd = (fd: number): number => addon().dupFd(fd);

export const closeFd = (fd: number): void => addon().closeFd(fd);

/** `false` lets a program that this one starts inherit the descriptor. */
export const setCloexec = (fd: number, on: boolean): void => addon().setCloexec(fd, on);

/** Where a socket is bound; the address of a Unix socket is its path, '' when it has none, and its port 0. */
export const localAddress = (fd: number): ReturnType<ReturnType<typeof addon>['localAddress']> =>
  addon().localAddress(fd);

/** The kernel's view of a connection: times in microseconds, the window in segments, the receive space in bytes. */
export const tcpInfo = (fd: number): ReturnType<ReturnType<typeof addon>['tcpInfo']> => addon().tcpInfo(fd);

/** Two connected Unix sockets that keep messages apart (SOCK_SEQPACKET): one end to keep, one to hand to another process. */
export const socketPair = (): [number, number] => addon().socketPair();

/**
 * Sends one message: copies of up to 253 descriptors, and 1..65536 bytes. The caller keeps its own descriptors.
 *
 * Blocks the thread while the peer's queue is full. @throws code ETIMEDOUT after `timeoutMs` (5000), EPIPE when the peer is gone
 */
export const sendFds = (
  sock: number,
  fds: readonly number[],
  payload: Uint8Array,
  timeoutMs?: number,
): void => addon().sendFds(sock, fds, payload, timeoutMs);

/**
 * Receives one message of sendFds(), blocking the thread until it is there.
 *
 * @returns the descriptors, now this process's to close, and the payload; undefined when the peer has closed
 * @throws code ETIMEDOUT after `timeoutMs` (5000); E2BIG if more than `maxFds` (0..253) came, EMFILE if they exceed this
 *   process's limit: in both cases all that came are closed
 */
export const receiveFds = (
  sock: number,
  maxFds: number,
  timeoutMs?: number,
): { fds: number[]; payload: Uint8Array } | undefined => addon().receiveFds(sock, maxFds, timeoutMs);
