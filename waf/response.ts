/** The response as rules see it. */
import { type Entry, entry } from './variable/variable.ts';

export interface ResponseHead {
  readonly status: number;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
}

export class ResponseFacts {
  readonly head: ResponseHead;
  readonly headers: readonly Entry[];
  body = '';

  constructor(head: ResponseHead) {
    this.head = head;
    const headers: Entry[] = [];
    for (let at = 0; at + 1 < head.headers.length; at += 2)
      headers.push(entry(head.headers[at]!, head.headers[at + 1]!));
    this.headers = headers;
  }

  /** Media type in lower case, without parameters; '' when there is none. */
  get contentType(): string {
    const header = this.headers.find(({ lower }) => lower === 'content-type');
    return header === undefined ? '' : header.value.split(';')[0]!.trim().toLowerCase();
  }
}
