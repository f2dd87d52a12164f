/** Why a request is not answered as it was meant: the status, a code for programs, and a sentence for people. */

/** One thing wrong with a request. */
export interface Flaw {
  /** Where: a JSON pointer into the body, or the name of a parameter. */
  readonly at: string;
  readonly message: string;
}

export interface RefusalData {
  /** 400..599 */
  readonly status: number;
  /** Stable, kebab-case. */
  readonly code: string;
  readonly detail: string;
  readonly flaws?: readonly Flaw[] | undefined;
  /** Fields of the answer: Allow, Retry-After, WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class Refusal extends Error {
  readonly data: RefusalData;

  constructor(data: RefusalData) {
    super(data.detail);
    this.data = data;
  }
}

export const refuse = (status: number, code: string, detail: string): Refusal =>
  new Refusal({ status, code, detail });

export const notThere = (detail: string): Refusal => refuse(404, 'not-found', detail);

/** @param retryS when it may be better */
export const busy = (detail: string, retryS = 1): Refusal =>
  new Refusal({ status: 503, code: 'busy', detail, headers: { 'Retry-After': `${retryS}` } });
