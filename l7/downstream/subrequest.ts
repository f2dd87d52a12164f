/** Requests that moat makes of itself on behalf of a client's: for auth_request and mirror. */
import { Exchange } from '../exchange.ts';
import type { Response } from '../response.ts';
import type { Downstream } from './downstream.ts';

export interface Subrequest {
  /** A path of the same server. */
  readonly path: string;
  readonly args: string;
  readonly method: string;
}

/** Told once: when the head of the answer stands, or with undefined when there will be none. */
export type Answered = (child: Exchange, response: Response | undefined) => void;

/**
 * Makes a request that goes through the phases of the same server as an internal one. Header and variables are those of
 * the client's request; it has no body unless `child.storedBody` is set. The body of its answer is dropped.
 *
 * @returns the request, which `start()` sets off
 */
export function subrequest(
  main: Exchange,
  { path, args, method }: Subrequest,
  answered?: Answered,
): Exchange {
  const { head, server, tables, connection, clock } = main;
  const downstream = new Swallower(main.downstream.protocol, answered);
  const child = new Exchange(head, server, tables, connection, downstream, clock, main);
  downstream.serve(child);
  child.path = path;
  child.args = args;
  child.method = method;
  child.requestUri = main.requestUri;
  child.host = main.host;
  child.remoteAddress = main.remoteAddress;
  child.remotePort = main.remotePort;
  child.slots = main.slots;
  child.untouched = false;
  child.internal = true;
  return child;
}

/** The client of such a request: looks at the head, and lets the body go. */
class Swallower implements Downstream {
  readonly protocol: string;
  readonly bytesSent = 0;
  bodyBytesSent = 0;
  #child: Exchange | undefined;
  #answered: Answered | undefined;

  constructor(protocol: string, answered: Answered | undefined) {
    this.protocol = protocol;
    this.#answered = answered;
  }

  serve(child: Exchange): void {
    this.#child = child;
  }

  writeHead(_: Exchange, response: Response): void {
    this.#tell(response);
  }

  write(data: Buffer): boolean {
    this.bodyBytesSent += data.length;
    return true;
  }

  end(): void {
    this.#child?.complete();
  }

  reset(): void {
    this.#tell(undefined);
  }

  #tell(response: Response | undefined): void {
    const answered = this.#answered;
    this.#answered = undefined;
    if (this.#child) answered?.(this.#child, response);
  }

  writeInformation(): void {}

  tunnel(): undefined {}

  tunnelEnded(): void {}
}
