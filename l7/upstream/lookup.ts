/** A request whose server is named by variables: its addresses are found first. */
import type { Exchange } from '../exchange.ts';
import { ServerFault } from '../resolve/client.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { BodySource } from '../response.ts';

const BAD_GATEWAY = 502;

/**
 * Calls `go` with the addresses of a host, at once when they are known. Where there are none the request ends with 502.
 *
 * @param resolver undefined: none is configured
 */
export function withAddresses(
  exchange: Exchange,
  host: string,
  resolver: Resolver | undefined,
  go: (addresses: readonly string[]) => void,
): void {
  if (!resolver) return refuse(exchange, `no resolver defined to resolve ${host}`);
  const known = resolver.known(host);
  if (known === undefined) void new Lookup(exchange, host, go).run(resolver);
  else if (known.length > 0) go(known);
  else refuse(exchange, `${host} could not be resolved: there is no such name`);
}

function refuse(exchange: Exchange, message: string): void {
  exchange.log('error', message);
  exchange.finish(BAD_GATEWAY);
}

/** Stands for the server while its address is looked up: nothing flows yet, but the client may go away. */
class Lookup implements BodySource {
  readonly #exchange: Exchange;
  readonly #host: string;
  readonly #go: (addresses: readonly string[]) => void;
  #cancelled = false;

  constructor(exchange: Exchange, host: string, go: (addresses: readonly string[]) => void) {
    this.#exchange = exchange;
    this.#host = host;
    this.#go = go;
  }

  async run(resolver: Resolver): Promise<void> {
    const exchange = this.#exchange;
    exchange.setSource(this);
    const found = await resolver.addresses(this.#host).catch((error: unknown) => {
      if (error instanceof ServerFault) return error;
      throw error;
    });
    if (this.#cancelled) return;
    exchange.setSource(undefined);
    if (found instanceof ServerFault)
      refuse(exchange, `${this.#host} could not be resolved: ${found.message}`);
    else if (found.kind === 'missing')
      refuse(exchange, `${this.#host} could not be resolved: there is no such name`);
    else this.#go(found.values);
  }

  pause(): void {}

  resume(): void {}

  cancel(): void {
    this.#cancelled = true;
  }
}
