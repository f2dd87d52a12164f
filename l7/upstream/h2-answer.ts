/** The server's side of a stream to it: blocks and DATA become the head, body and trailer that a call takes. */
import { type ResponseHead, UpstreamFault } from '../wire/h1/response.ts';
import { AnswerHeadReader, AnswerTrailerReader } from '../wire/h2/answer-head.ts';
import { ConnectionFault, PROTOCOL_ERROR } from '../wire/h2/frame.ts';
import { HpackDecoder } from '../wire/h2/hpack-decoder.ts';
import type { UpstreamCall } from './connection.ts';

/** 1xx before the answer itself: more than this is a flood. */
const MOST_INTERIM = 32;

export interface AnswerOwner {
  /** Who waits for the answer; undefined: nobody any more. */
  readonly call: UpstreamCall | undefined;
  /** @param ended the stream is over, as far as the server is concerned */
  answerComplete(call: UpstreamCall, trailer: string, ended: boolean): void;
}

/** Serves all streams of a connection, one after the other. Its calls throw UpstreamFault or ConnectionFault. */
export class AnswerStream {
  /** The final head is there: a body may come, or a trailer. */
  responded = false;
  readonly #owner: AnswerOwner;
  readonly #hpack = new HpackDecoder();
  #interim = 0;
  /** Of the body, where its length is told; else negative. */
  #bodyLeft = -1;

  constructor(owner: AnswerOwner) {
    this.#owner = owner;
  }

  begin(): void {
    this.responded = false;
    this.#interim = 0;
    this.#bodyLeft = -1;
  }

  /** A header block. @param last the stream ends with it */
  block(block: Buffer, last: boolean, call: UpstreamCall): void {
    const limits = { fieldBytes: call.mostHeadBytes, totalBytes: call.mostHeadBytes };
    if (this.responded) {
      const trailer = new AnswerTrailerReader();
      this.#hpack.decode(block, limits, trailer);
      if (!last) throw new ConnectionFault(PROTOCOL_ERROR, 'inappropriate HEADERS frame within a body');
      return this.end(trailer.text, call);
    }
    const reader = new AnswerHeadReader();
    this.#hpack.decode(block, limits, reader);
    this.#headRead(reader.finish(), last, call);
  }

  #headRead(head: ResponseHead, last: boolean, call: UpstreamCall): void {
    if (head.status >= 200) return this.#respond(head, last, call);
    if (head.status === 101) throw new UpstreamFault('upstream sent 101 over HTTP/2');
    if (last) throw new UpstreamFault('upstream sent no final response');
    if (++this.#interim > MOST_INTERIM) throw new UpstreamFault('upstream sent too many interim responses');
    call.information(head);
  }

  #respond(head: ResponseHead, last: boolean, call: UpstreamCall): void {
    this.responded = true;
    const bodyDue = call.responseHead(head) && head.status !== 204 && head.status !== 304;
    if (this.#owner.call !== call) return; // it turned to another member
    if (!bodyDue) return this.#owner.answerComplete(call, '', last);
    this.#bodyLeft = head.bodyLength;
    if (last) this.end('', call);
  }

  data(data: Buffer, call: UpstreamCall): void {
    if (data.length === 0) return;
    if (this.#bodyLeft < 0) return call.responseData(data);
    const due = data.subarray(0, this.#bodyLeft);
    this.#bodyLeft -= due.length;
    if (due.length > 0) call.responseData(due);
    if (due.length === data.length || this.#owner.call !== call) return;
    call.excess();
    this.#owner.answerComplete(call, '', false);
  }

  /** The server's side of the stream has ended. */
  end(trailer: string, call: UpstreamCall): void {
    if (this.#bodyLeft > 0) throw new UpstreamFault('upstream sent less data than "Content-Length" says');
    this.#owner.answerComplete(call, trailer, true);
  }
}
