/** What a call needs of a connection to a member, whatever HTTP version is spoken over it. */
import type { Transport } from '../transport/transport.ts';
import type { UpstreamCall } from './connection.ts';
import type { Member } from './member.ts';

export interface MemberConnection {
  readonly member: Member;
  /** Separates connections that must not be shared: TLS settings, local address, HTTP version. */
  readonly key: string;
  /** True when a request over it may fail because the member closed it meanwhile: then it may be tried again elsewhere. */
  readonly reused: boolean;
  /** Of the current call. A tunnel goes on counting. */
  bytesReceived: number;
  /** For tunnels, which HTTP/1 alone opens. */
  readonly transport: Transport;
  /** Bytes of the request that the member has not taken. */
  readonly pendingBytes: number;
  /** Bodies of unknown length end by themselves: nothing is to be put between their pieces. */
  readonly framesBodies: boolean;
  /** Takes the connection for a call; `connected()` follows at once when it stands. */
  use(call: UpstreamCall): void;
  /** Sends a request at once. @param body latin1; '' for none */
  sendWhole(head: string, body: string): void;
  /** The head of a request whose body follows, or what stands between pieces of that. */
  writeText(text: string): void;
  /** @returns false when drained() should be waited for */
  write(data: Buffer): boolean;
  /** The request is complete: only then may the connection be kept when the response ends. */
  requestSent(): void;
  /** Whether nothing more is read for now. */
  hold(held: boolean): void;
  /** The call waits for the other side at most so long, until the next time it says so. */
  expect(ms: number): void;
  /** The call waits for nothing that the other side owes. */
  expectNothing(): void;
  /** Ends the connection; a call that uses it is not told. */
  destroy(): void;
}
