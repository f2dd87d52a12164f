/** A list of containers as Docker tells it, and the members in it. Pure. */
import type { DockerDiscovery } from '#model/l7/discovery.ts';
import { fieldsOf, listOf, listOrNone, quoted, textOf, wholeOf } from './answer.ts';
import { type Found, MOST_PORT, weightOf } from './found.ts';

export interface Containers {
  readonly found: readonly Found[];
  /** Why containers that have the label are no members. */
  readonly unclear: readonly string[];
}

type Said = Pick<DockerDiscovery, 'port' | 'network'>;

/** @throws {Refusal} */
export function readContainers(value: unknown, said: Said): Containers {
  const found: Found[] = [];
  const unclear: string[] = [];
  listOf(value, 'the answer').forEach((entry, at) => {
    const container = new Container(entry, `container ${at + 1}`);
    if (!container.isFit) return;
    const host = container.host(said.network);
    const port = container.port(said.port);
    const weight = container.weight();
    const doubt = [host, port, weight].find(one => one instanceof Doubt);
    if (doubt instanceof Doubt) unclear.push(`${container.name}: ${doubt.why}`);
    else if (typeof host === 'string' && typeof port === 'number') found.push({ host, port, ...weight });
  });
  return { found, unclear };
}

/** Whoever starts a container writes its labels: a bad one keeps that container out, and no other. */
class Doubt {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

class Container {
  readonly #where: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #labels: Readonly<Record<string, unknown>>;

  constructor(entry: unknown, where: string) {
    this.#where = where;
    this.#fields = fieldsOf(entry, where);
    this.#labels = fieldsOf(this.#fields['Labels'] ?? {}, `${where}: Labels`);
  }

  get name(): string {
    const [name] = listOrNone(this.#fields['Names'], `${this.#where}: Names`);
    return typeof name === 'string' ? quoted(name.replace(/^\//, '')) : this.#where;
  }

  /** Running, and not found ill by the check of its image. `Up 2 minutes (unhealthy)`, `Up 3 seconds (health: starting)`. */
  get isFit(): boolean {
    const { State, Status } = this.#fields;
    if (State !== undefined && textOf(State, `${this.#where}: State`) !== 'running') return false;
    return !/\((unhealthy|health: starting)\)/.test(
      Status === undefined ? '' : textOf(Status, `${this.#where}: Status`),
    );
  }

  host(wanted: string | undefined): string | Doubt {
    const settings = fieldsOf(this.#fields['NetworkSettings'] ?? {}, `${this.#where}: NetworkSettings`);
    const networks = Object.entries(fieldsOf(settings['Networks'] ?? {}, `${this.#where}: Networks`));
    const meant = wanted === undefined ? networks : networks.filter(([name]) => name === wanted);
    if (meant.length > 1) return new Doubt(`it is in ${meant.length} networks: say which by network=`);
    const [first] = meant;
    if (!first)
      return new Doubt(wanted === undefined ? 'it is in no network' : `it is not in the network ${wanted}`);
    const { IPAddress, GlobalIPv6Address } = fieldsOf(first[1], `${this.#where}: its network`);
    for (const address of [IPAddress, GlobalIPv6Address])
      if (typeof address === 'string' && address !== '') return address;
    return new Doubt('it has no address in its network');
  }

  /** The label goes before the line: containers may differ. */
  port(said: number | undefined): number | Doubt {
    const label = this.#labels['moat.port'];
    if (label !== undefined) {
      const port = numberIn(label);
      return port >= 1 && port <= MOST_PORT ? port : new Doubt('its label moat.port is no port');
    }
    if (said !== undefined) return said;
    const ports = listOrNone(this.#fields['Ports'], `${this.#where}: Ports`).map(one =>
      fieldsOf(one, `${this.#where}: a port`),
    );
    const own = new Set(ports.filter(({ Type }) => Type === 'tcp').map(({ PrivatePort }) => PrivatePort));
    const [only] = own;
    if (own.size !== 1)
      return new Doubt(`it has ${own.size} TCP ports: say which by port= or its label moat.port`);
    return wholeOf(only, `${this.#where}: PrivatePort`, 1, MOST_PORT);
  }

  weight(): Pick<Found, 'weight' | 'drain'> | Doubt {
    const label = this.#labels['moat.weight'];
    if (label === undefined) return {};
    const weight = numberIn(label);
    return weight >= 0 ? weightOf(weight) : new Doubt('its label moat.weight is no weight');
  }
}

/** @returns -1 for what is none */
const numberIn = (label: unknown): number =>
  typeof label === 'string' && /^\d{1,9}$/.test(label) ? Number(label) : -1;
