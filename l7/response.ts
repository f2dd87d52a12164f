/** The head of a response on its way out, and the chain that its body passes. */
import { HeaderList } from './message.ts';

/** Takes a body on its way to the client. */
export interface BodySink {
  /**
   * @param data may be a view of a buffer that is used again after the call: copy what is kept
   * @returns false when the source should pause until `Exchange.resumeSource()` runs
   */
  write(data: Buffer): boolean;
  end(): void;
}

/** Where a body comes from; the exchange tells it when the client falls behind or goes away. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** The client is gone or the exchange failed: stop, free everything, call nothing back. */
  cancel(): void;
}

/** A piece of a body: a text (latin1) that goes out as it is, or bytes of the content from `start` up to `end`. */
export type BodyPart = string | { readonly start: number; readonly end: number };

/** Length of a body that is not known beforehand. */
export const UNKNOWN_LENGTH = -1;

export class Response {
  status: number;
  /** The words after the status, when they are not the usual ones. */
  reason: string | undefined;
  readonly headers: HeaderList;
  /** Bytes, or UNKNOWN_LENGTH. Content-Length is written from this alone. */
  contentLength: number = UNKNOWN_LENGTH;
  /** Seconds since 1970 as a date in ms, for Last-Modified and the conditions; undefined when not known. */
  lastModifiedMs: number | undefined;
  /** True when a byte range of the body may be cut out (files, proxied answers by proxy_force_ranges). */
  allowRanges = false;
  /** True when If-Match, If-Modified-Since and the like are judged here: proxied answers were judged by their server. */
  conditional = false;
  /** True when the content reads only what `parts` names; otherwise the range filter cuts the body itself. */
  readsParts = false;
  /** What the range filter left of the body, for content that reads parts; undefined: all of it. */
  parts: readonly BodyPart[] | undefined;
  /** No body follows: HEAD, 204, 304, and answers to CONNECT. */
  headOnly = false;
  /** 'text/html; charset=x' without parameters, lower case; '' when there is none. */
  mediaType = '';
  /** Trailer fields to send after a chunked body. */
  trailers: HeaderList | undefined;
  /** The charset that a server asked for by X-Accel-Charset. */
  charset: string | undefined;
  /** Moat names itself in Server where the answer has none. */
  namesServer = true;
  /** 101: the connection turns into a tunnel. */
  upgraded = false;
  #varies = false;

  constructor(status: number, headers = new HeaderList()) {
    this.status = status;
    this.headers = headers;
  }

  /** Sets Content-Type and the media type that filters look at. */
  setContentType(value: string): void {
    this.headers.set('Content-Type', value);
    this.mediaType = mediaTypeOf(value);
  }

  /** 204 and 304 have no body, so nothing is said of it. */
  noContent(): void {
    // A further line is of add_header, and stays.
    if (this.mediaType !== '') this.headers.removeAt(this.headers.keys.indexOf('content-type'));
    this.mediaType = '';
    this.contentLength = UNKNOWN_LENGTH;
  }

  /** Tells caches, once, that the answer depends on Accept-Encoding. */
  varyByEncoding(): void {
    if (this.#varies) return;
    this.#varies = true;
    this.headers.append('Vary', 'Accept-Encoding');
  }

  /** A filter changes the bytes: their length, their ranges and their strong validator are void. */
  bodyChanges(): void {
    this.contentLength = UNKNOWN_LENGTH;
    this.allowRanges = false;
    this.headers.remove('accept-ranges');
    this.weakenEtag();
  }

  /** What is no entity tag is taken away, as nginx does. */
  weakenEtag(): void {
    const etag = this.headers.get('etag');
    if (etag === undefined || etag.startsWith('W/')) return;
    this.headers.set('ETag', etag.startsWith('"') ? `W/${etag}` : '');
  }
}

export function mediaTypeOf(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
