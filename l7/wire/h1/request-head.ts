/** The head of an HTTP/1.x request, once it is read, and why one is refused. */
import { HeaderList } from '../../message.ts';

export interface HeadLimits {
  readonly lineBytes: number;
  readonly totalBytes: number;
  readonly maxHeaders: number;
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
}

/** How the body is delimited (RFC 9112 §6.3): a length in bytes, or one of these. */
export const CHUNKED = -1;

export class RequestHead {
  method = '';
  /** The request target as sent. */
  target = '';
  /** Minor version: 0 or 1 of HTTP/1.x. */
  minor: 0 | 1 = 1;
  readonly headers: HeaderList;
  /** The whole request line, as sent. */
  line = '';
  host: string | undefined;
  /** Bytes of body, or CHUNKED. */
  bodyLength = 0;
  keepAlive = true;
  expectContinue = false;
  /** The value of Upgrade when Connection names it. */
  upgrade: string | undefined;
  /** An extended CONNECT of HTTP/2 (RFC 8441), which goes on as a GET with Upgrade. */
  opensTunnel = false;
  /** Bytes of the head on the wire. */
  headBytes = 0;

  constructor(headers = new HeaderList()) {
    this.headers = headers;
  }
}

/** Why a request is refused: the status to answer, and a stable reason for the log and the counters. */
export class WireFault extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string) {
    super(`client sent ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}
