/** A connection's bytes, whatever carries them: plain TCP, TLS, or the native stream. */

import type { HeadMarks } from '#native/head-marks.ts';

/** Who owns a transport; every call comes from the event loop, never from inside a call to the transport. */
export interface TransportOwner {
  /** An outgoing connection stands. */
  transportConnected(): void;
  /**
   * @param bytes may be a view of a buffer that is used again after the call: copy what is kept
   * @param head marks of the head that they begin with, from transports that make them; good during the call
   */
  transportData(bytes: Buffer, head?: HeadMarks): void;
  /** The other side sends no more (FIN). */
  transportEnded(): void;
  /** All that was waiting has left. */
  transportDrained(): void;
  /** It is over, by whatever cause; the last call. @param error the cause, when it is a fault */
  transportClosed(error: NodeJS.ErrnoException | undefined): void;
}

export interface Transport {
  /** Bytes written that the kernel has not taken. */
  readonly pendingBytes: number;
  readonly closed: boolean;
  /** The socket's descriptor, for what the kernel knows about it; -1 when there is none any more. */
  readonly fd: number;
  /** Changes hands: a tunnel takes over, an idle connection gets its next user. */
  owner: TransportOwner;
  /** Writes of one event are joined where that saves system calls: write small pieces without a care. @param text latin1 */
  writeText(text: string): void;
  /** @param data may be a view of a shared buffer: what the kernel does not take at once is copied */
  writeBytes(data: Buffer): void;
  pause(): void;
  resume(): void;
  /** Sends FIN once all is written; reading goes on. */
  end(): void;
  /** Closes once all is written. */
  closeSoon(): void;
  /** Closes now. */
  destroy(): void;
  /** Closes now with RST. */
  reset(): void;
}
