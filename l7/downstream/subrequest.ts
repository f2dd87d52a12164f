/** Requests that moat makes of itself on behalf of a client's: for auth_request, mirror and what is added to a body. */
import { Exchange } from '../exchange.ts';
import type { BodySink, Response } from '../response.ts';
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
export function subrequest(main: Exchange, request: Subrequest, answered?: Answered): Exchange {
  return childOf(main, request, new Swallower(main.downstream.protocol, answered));
}

/** Told once: the body is complete, or was cut. */
export type Inserted = (complete: boolean) => void;

/** The same, with the body of its answer handed to `into`, whose `end` is not called. */
export function insertedRequest(
  main: Exchange,
  request: Subrequest,
  into: BodySink,
  then: Inserted,
): Exchange {
  return childOf(main, request, new Inserter(main.downstream.protocol, into, then));
}

function childOf(main: Exchange, { path, args, method }: Subrequest, downstream: ChildClient): Exchange {
  const { head, server, tables, connection, clock } = main;
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

/** The client of such a request: nobody is sent its head, and it is never a tunnel. */
abstract class ChildClient implements Downstream {
  readonly protocol: string;
  readonly bytesSent = 0;
  bodyBytesSent = 0;
  protected child: Exchange | undefined;

  constructor(protocol: string) {
    this.protocol = protocol;
  }

  serve(child: Exchange): void {
    this.child = child;
  }

  writeHead(_: Exchange, _response: Response): void {}

  write(data: Buffer): boolean {
    this.bodyBytesSent += data.length;
    return true;
  }

  end(): void {
    this.child?.complete();
  }

  abstract reset(): void;

  writeInformation(): void {}

  tunnel(): undefined {}

  tunnelEnded(): void {}
}

/** Looks at the head, and lets the body go. */
class Swallower extends ChildClient {
  #answered: Answered | undefined;

  constructor(protocol: string, answered: Answered | undefined) {
    super(protocol);
    this.#answered = answered;
  }

  override writeHead(_: Exchange, response: Response): void {
    this.#tell(response);
  }

  reset(): void {
    this.#tell(undefined);
  }

  #tell(response: Response | undefined): void {
    const answered = this.#answered;
    this.#answered = undefined;
    if (this.child) answered?.(this.child, response);
  }
}

/** Hands the body on. */
class Inserter extends ChildClient {
  readonly #into: BodySink;
  readonly #then: Inserted;

  constructor(protocol: string, into: BodySink, then: Inserted) {
    super(protocol);
    this.#into = into;
    this.#then = then;
  }

  override write(data: Buffer): boolean {
    super.write(data);
    return this.#into.write(data);
  }

  override end(): void {
    super.end();
    this.#then(true);
  }

  reset(): void {
    this.#then(false);
  }
}
