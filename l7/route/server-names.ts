/** Finds the virtual server of a request: exact name, longest `*.` wildcard, longest `.*` wildcard, first regex, default. */
import { regexOf } from '#kit/pcre.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { Exchange } from '../exchange.ts';
import { rememberCaptures } from '../phase/captures.ts';
import type { ServerTable } from '../tables.ts';

/** Gives the table of a server, making it when it is first needed. */
export type ServerOf = (index: number) => ServerTable;

interface RegexName {
  readonly regex: RegExp;
  readonly names: readonly string[];
  readonly index: number;
}

/** One for each listening address. */
export class ServerFinder {
  /** The listening address that it is for. */
  readonly key: string;
  readonly #exact = new Map<string, number>();
  readonly #leading = new Map<string, number>();
  readonly #trailing = new Map<string, number>();
  readonly #regexes: RegexName[] = [];
  readonly #defaultIndex: number;
  readonly #serverOf: ServerOf;

  constructor(key: string, model: HttpModel, serverOf: ServerOf) {
    this.key = key;
    this.#serverOf = serverOf;
    this.#defaultIndex = model.defaultServers[key]!;
    model.servers.forEach((server, index) => {
      if (server.listens.includes(key)) this.#add(server.names, index);
    });
  }

  get default(): ServerTable {
    return this.#serverOf(this.#defaultIndex);
  }

  /** The first server that claims a name keeps it; nginx warns about the later ones. */
  #add(names: HttpModel['servers'][number]['names'], index: number): void {
    for (const name of names) {
      if (name.kind === 'exact') keepFirst(this.#exact, name.hostname, index);
      else if (name.kind === 'leading') keepFirst(this.#leading, name.suffix, index);
      else if (name.kind === 'trailing') keepFirst(this.#trailing, name.prefix, index);
      else
        this.#regexes.push({
          regex: regexOf(name.pattern),
          names: name.pattern.names,
          index,
        });
    }
  }

  /** @param hostname lower case, without port; '' for none */
  find(hostname: string): ServerTable {
    return this.#serverOf(this.#indexOf(hostname) ?? this.#regexIndexOf(hostname) ?? this.#defaultIndex);
  }

  /** Variables of a regex name are set when the request's exchange stands. */
  capture(exchange: Exchange): void {
    if (this.#regexes.length === 0 || this.#indexOf(exchange.host) !== undefined) return;
    for (const { regex, names } of this.#regexes) {
      const match = regex.exec(exchange.host);
      if (match) return rememberCaptures(exchange, match, names);
    }
  }

  #indexOf(hostname: string): number | undefined {
    const exact = this.#exact.get(hostname);
    if (exact !== undefined || hostname === '') return exact;
    if (this.#leading.size > 0) {
      for (let dot = hostname.indexOf('.'); dot !== -1; dot = hostname.indexOf('.', dot + 1)) {
        const index = this.#leading.get(hostname.slice(dot));
        if (index !== undefined) return index;
      }
    }
    if (this.#trailing.size > 0) {
      for (let dot = hostname.lastIndexOf('.'); dot > 0; dot = hostname.lastIndexOf('.', dot - 1)) {
        const index = this.#trailing.get(hostname.slice(0, dot + 1));
        if (index !== undefined) return index;
      }
    }
    return undefined;
  }

  #regexIndexOf(hostname: string): number | undefined {
    return this.#regexes.find(({ regex }) => regex.test(hostname))?.index;
  }
}

function keepFirst(map: Map<string, number>, key: string, index: number): void {
  if (!map.has(key)) map.set(key, index);
}
