/** Asks sources over HTTP: bounded in time and bytes, one connection a question, no redirects. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { nodeHttp, nodeHttps } from '#kit/node-http.ts';
import type { HttpPlace } from '#model/l7/discovery.ts';
import { fieldsOf, jsonOf, quoted, Refusal, TooLong } from './answer.ts';

export interface Asking {
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the head, and between two pieces of the body; 0: for ever. */
  readonly idleMs: number;
  /** Told when the head of the answer is there. */
  readonly opened?: () => void;
  readonly signal: AbortSignal;
}

/** An answer with a status other than 200. */
export class StatusFault extends Error {
  readonly status: number;
  constructor(status: number, said: string) {
    super(`it answers ${status}${said === '' ? '' : `: ${said}`}`);
    this.status = status;
  }
}

/** Thousands of members with all that is told of them. */
const MOST_BYTES = 16 << 20;
/** One message of a stream. */
const MOST_LINE_BYTES = 4 << 20;
const MOST_FAULT_BYTES = 4096;

export class Caller {
  readonly #place: HttpPlace;
  readonly #ca: string | undefined;

  /** @param ca PEM; undefined: the usual authorities */
  constructor(place: HttpPlace, ca: string | undefined) {
    this.#place = place;
    this.#ca = ca;
  }

  /** @throws {Error} with the reason */
  async json(
    asking: Asking,
  ): Promise<{ readonly value: unknown; readonly headers: NodeJS.Dict<string | string[]> }> {
    const response = await this.#open(asking);
    const text = await wholeText(response, MOST_BYTES);
    return { value: jsonOf(text, 'the answer'), headers: response.headers };
  }

  /** The lines of an answer as they come, each of them JSON; ends when the answer does. @throws {Error} with the reason */
  async *messages(asking: Asking): AsyncGenerator<unknown> {
    const response = await this.#open(asking);
    asking.opened?.();
    let rest = '';
    const decoder = new TextDecoder();
    for await (const piece of response as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MOST_LINE_BYTES)
        throw new Refusal(`a message is longer than ${MOST_LINE_BYTES >> 20} MB`);
      for (const line of lines) if (line.trim() !== '') yield jsonOf(line, 'a message');
    }
  }

  #request(asking: Asking): ClientRequest {
    const { url, unixPath } = this.#place;
    const options: RequestOptions & { ca?: string | undefined } = {
      agent: false,
      headers: {
        Accept: 'application/json',
        'User-Agent': 'moat',
        'Accept-Encoding': 'identity',
        ...asking.headers,
      },
      signal: asking.signal,
      ...(unixPath !== undefined && { socketPath: unixPath }),
      ...(this.#ca !== undefined && { ca: this.#ca }),
    };
    const { request } = url.startsWith('https:') ? nodeHttps() : nodeHttp();
    return request(url + asking.path, options);
  }

  async #open(asking: Asking): Promise<IncomingMessage> {
    const settled = Promise.withResolvers<IncomingMessage>();
    const request = this.#request(asking);
    request.setTimeout(asking.idleMs, () =>
      request.destroy(new Error(`nothing comes for ${asking.idleMs / 1000} s`)),
    );
    request.once('response', settled.resolve);
    request.on('error', fault => settled.reject(this.#explained(fault))); // there may be a second one, for nobody
    request.end();
    const response = await settled.promise;
    const { statusCode = 0, headers } = response;
    if (statusCode !== 200) throw new StatusFault(statusCode, await faultText(response));
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      response.destroy();
      throw new Refusal(`the answer is encoded (${quoted(encoding)})`);
    }
    return response;
  }

  #explained(fault: Error): Error {
    const { code } = fault as NodeJS.ErrnoException;
    const { unixPath } = this.#place;
    if (unixPath === undefined || (code !== 'EACCES' && code !== 'EPERM')) return fault;
    return new Error(
      `"${unixPath}" is closed to the user that requests are served as: give its group to "user", or put a proxy for reading requests before it`,
    );
  }
}

/** @throws {Refusal} when it is too long */
async function wholeText(response: IncomingMessage, mostBytes: number): Promise<string> {
  const tooLong = () => {
    response.destroy();
    return new TooLong(`the answer is longer than ${mostBytes >> 20} MB`);
  };
  if (Number(response.headers['content-length'] ?? 0) > mostBytes) throw tooLong();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > mostBytes) throw tooLong();
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** What a refusal says of itself: the `message` of JSON, or its text. */
async function faultText(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      text += piece.toString('latin1');
      if (text.length > MOST_FAULT_BYTES) break; // which closes the connection
    }
    const { message } = fieldsOf(JSON.parse(text), 'it');
    if (typeof message === 'string') text = message;
  } catch {
    // Text that is no JSON, or an end in the middle: what there is of it is told.
  }
  return quoted(text.trim());
}
