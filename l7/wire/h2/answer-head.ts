/** What a server's header blocks say: the head of an answer, or its trailer section (RFC 9113 §8.1, §8.3.2). */

import { CHUNKED } from '../h1/request-head.ts';
import { AnswerFraming, ResponseHead, UNTIL_CLOSE, UpstreamFault } from '../h1/response.ts';
import { OF_CONNECTION } from './connection-fields.ts';
import type { FieldTaker } from './hpack-decoder.ts';

const NAME = /^[!#$%&'*+.^`|~\da-z_-]+$/;
const VALUE_FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;

/** Takes the fields of one block. Its calls throw UpstreamFault when the answer is to be refused. */
export class AnswerHeadReader implements FieldTaker {
  readonly #head = new ResponseHead();
  readonly #says = new AnswerFraming();

  field(name: string, value: string): void {
    const head = this.#head;
    if (VALUE_FORBIDDEN.test(value))
      throw new UpstreamFault('upstream sent a control character in its header');
    if (name === ':status' && head.status === 0 && head.headers.size === 0 && /^[1-9]\d\d$/.test(value)) {
      head.status = Number(value);
      return;
    }
    checkName(name);
    if (name === 'content-length') this.#says.note(name, value);
    head.headers.add(name, name, value);
  }

  /** The block is complete. */
  finish(): ResponseHead {
    const head = this.#head;
    if (head.status === 0) throw new UpstreamFault('upstream sent no ":status" header');
    this.#says.settle(head);
    // Its end is marked by a frame, not by the end of the connection.
    if (head.bodyLength === UNTIL_CLOSE) head.bodyLength = CHUNKED;
    return head;
  }
}

/** Gathers trailer fields as the text that HTTP/1 would have sent. */
export class AnswerTrailerReader implements FieldTaker {
  text = '';

  field(name: string, value: string): void {
    if (VALUE_FORBIDDEN.test(value))
      throw new UpstreamFault('upstream sent a control character in its trailer');
    checkName(name);
    this.text += `${name}: ${value}\r\n`;
  }
}

function checkName(name: string): void {
  if (name.charCodeAt(0) === 58)
    throw new UpstreamFault(`upstream sent invalid header: "${name.slice(0, 64)}"`);
  if (!NAME.test(name)) throw new UpstreamFault('upstream sent invalid header name');
  if (OF_CONNECTION.has(name)) throw new UpstreamFault(`upstream sent "${name}" over HTTP/2`);
}
