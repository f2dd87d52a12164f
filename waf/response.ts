/** The response as rules see it. */
import { type Entry, entriesOfPairs } from './variable/variable.ts';

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
    this.headers = entriesOfPairs(head.headers);
  }

  /** Media type in lower case, without parameters; '' when there is none. */
  get contentType(): string {
    const header = this.headers.find(({ lower }) => lower === 'content-type');
    return header === undefined ? '' : header.value.split(';')[0]!.trim().toLowerCase();
  }
}
