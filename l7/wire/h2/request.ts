/** What a header block says of a request (RFC 9113 §8.2, §8.3), strictly: what nginx refuses, and what HTTP/1 could not say. */
import { fieldKey, isKnownField } from '../../field-names.ts';
import { fieldValue } from '../../message.ts';
import { OnceFields } from '../h1/request-framing.ts';
import { CHUNKED, RequestHead, WireFault } from '../h1/request-head.ts';
import { OF_CONNECTION } from './connection-fields.ts';
import type { FieldTaker } from './hpack-decoder.ts';

interface FieldRules {
  readonly maxHeaders: number;
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
}

const METHOD = /^[A-Z_-]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** A fragment is the client's own affair (RFC 9113 §8.3.1). */
const PATH_FORBIDDEN = /[\0-\x20#\x7f]/;
const VALUE_FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;
const USUAL_NAME = /^[a-z0-9-]+$/;
/** RFC 9113 §8.2.1 says what a name may not hold; beyond RFC 9110 §5.6.2 nothing is a name. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;
const UPPER_CASE = /[A-Z]/;
/** Gathers the fields of a request. The first fault found is the one that counts. */
export class RequestReader implements FieldTaker {
  readonly head = new RequestHead();
  fault: WireFault | undefined;
  /** RFC 8441: what the stream of an extended CONNECT is to carry. */
  protocol: string | undefined;
  readonly #rules: FieldRules;
  #scheme: string | undefined;
  #authority: string | undefined;
  #host: string | undefined;
  #cookie: string | undefined;
  #length: string | undefined;
  #regular = false;
  readonly #once = new OnceFields();

  constructor(rules: FieldRules) {
    this.#rules = rules;
  }

  field(name: string, value: string): void {
    if (this.fault) return;
    if (name.charCodeAt(0) === 58) return this.#pseudo(name, value);
    this.#regular = true;
    if (!isKnownField(name) && !this.#isName(name)) return;
    if (UPPER_CASE.test(name)) return this.#refuse('an invalid header name');
    if (VALUE_FORBIDDEN.test(value)) return this.#refuse('a control character in the head');
    this.#keep(name, fieldKey(name), fieldValue(value, 0, value.length));
  }

  #refuse(reason: string, status = 400): void {
    this.fault ??= new WireFault(status, reason);
  }

  /** @returns false when the field is to be left out, or is the fault of the request */
  #isName(name: string): boolean {
    if (USUAL_NAME.test(name)) return true;
    if (!TOKEN.test(name) || UPPER_CASE.test(name)) {
      this.#refuse('an invalid header name');
      return false;
    }
    if (this.#rules.underscoresInHeaders && /^[a-z0-9_-]+$/.test(name)) return true;
    return !this.#rules.ignoreInvalidHeaders;
  }

  #pseudo(name: string, value: string): void {
    const { head } = this;
    if (this.#regular) return this.#refuse('a pseudo-header after a header');
    if (VALUE_FORBIDDEN.test(value)) return this.#refuse('a control character in the head');
    if (name === ':method') {
      if (head.method !== '') return this.#refuse('duplicate pseudo-header');
      if (!METHOD.test(value)) return this.#refuse('invalid method');
      head.method = value;
    } else if (name === ':path') {
      if (head.target !== '') return this.#refuse('duplicate pseudo-header');
      if (value === '' || PATH_FORBIDDEN.test(value)) return this.#refuse('invalid request target');
      head.target = value;
    } else if (name === ':scheme') {
      if (this.#scheme !== undefined) return this.#refuse('duplicate pseudo-header');
      if (!SCHEME.test(value)) return this.#refuse('invalid scheme');
      this.#scheme = value;
    } else if (name === ':authority') {
      if (this.#authority !== undefined) return this.#refuse('duplicate pseudo-header');
      this.#authority = value;
      this.#addHost(value);
    } else if (name === ':protocol') {
      if (this.protocol !== undefined) return this.#refuse('duplicate pseudo-header');
      this.protocol = value;
    } else this.#refuse('an unknown pseudo-header');
  }

  /** `:authority` is what Host is elsewhere: `$http_host` and whoever looks for Host find it. */
  #addHost(value: string): void {
    this.#host = value;
    if (value !== '') this.head.headers.add('host', 'host', value);
  }

  #keep(name: string, key: string, value: string): void {
    if (OF_CONNECTION.has(key)) return this.#refuse('a connection-specific header');
    if (this.#once.repeats(key)) return this.#refuse(`duplicate ${key}`);
    switch (key) {
      case 'cookie':
        // RFC 9113 §8.2.3.
        this.#cookie = this.#cookie === undefined ? value : `${this.#cookie}; ${value}`;
        return;
      case 'host':
        if (this.#host === undefined) return this.#addHost(value);
        if (this.#authority === undefined) return this.#refuse('duplicate host header');
        if (this.#authority !== value) this.#refuse('different :authority and Host');
        return;
      case 'te':
        if (value.toLowerCase() !== 'trailers') return this.#refuse('a connection-specific header');
        break;
      case 'content-length':
        if (this.#length !== undefined) return this.#refuse('duplicate Content-Length');
        this.#length = value;
        break;
      case 'expect':
        this.head.expectContinue = value.toLowerCase() === '100-continue';
    }
    this.head.headers.add(name, key, value);
    if (this.head.headers.size > this.#rules.maxHeaders) this.#refuse('too many header fields', 431);
  }

  /**
   * The block is complete.
   *
   * @param ended no body follows
   * @returns the head, as far as it could be understood: see `fault`
   */
  finish(ended: boolean): RequestHead {
    const { head } = this;
    if (this.#cookie !== undefined) head.headers.add('cookie', 'cookie', this.#cookie);
    head.host = this.#host;
    if (!this.fault) this.#settle(head, ended);
    if (head.method !== '') head.line = `${head.method} ${head.target} HTTP/2.0`;
    return head;
  }

  #settle(head: RequestHead, ended: boolean): void {
    if (head.method === '') return this.#refuse('no :method');
    const plainConnect = head.method === 'CONNECT' && this.protocol === undefined;
    if (!plainConnect) {
      if (this.#scheme === undefined) return this.#refuse('no :scheme');
      if (head.target === '') return this.#refuse('no :path');
      const whole = head.target === '*' && head.method === 'OPTIONS';
      if (head.target.charCodeAt(0) !== 47 && !whole) return this.#refuse('invalid request target');
    }
    if (this.protocol !== undefined && head.method !== 'CONNECT')
      return this.#refuse('an unknown pseudo-header');
    if (!this.#host) return this.#refuse('neither :authority nor Host');
    this.#settleLength(head, ended);
  }

  #settleLength(head: RequestHead, ended: boolean): void {
    const length = this.#length;
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return this.#refuse('an invalid Content-Length');
    head.bodyLength = length !== undefined ? Number(length) : ended ? 0 : CHUNKED;
    if (ended && head.bodyLength > 0) this.#refuse('a body shorter than its Content-Length');
  }
}

/** Looks at trailer fields, which go no further. */
export class TrailerReader implements FieldTaker {
  fault = false;

  field(name: string, value: string): void {
    if (name === '' || !TOKEN.test(name) || UPPER_CASE.test(name) || VALUE_FORBIDDEN.test(value))
      this.fault = true;
  }
}
