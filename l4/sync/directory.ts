/** Real servers and services by what both directors call them: addresses. Numbers are each one's own. */
import { addressBytes } from '../address.ts';
import { PROTOCOL } from '../layout.ts';
import type { L4Maps } from '../maps.ts';
import { weightForNew } from '../peer-reals.ts';
import { tablesIn } from '../standing.ts';
import type { L4Tables, ServiceEndpoint } from '../tables.ts';
import { type FlowPlace, placeKey } from './record.ts';
import type { RealStanding } from './reports.ts';

export class Directory {
  readonly #endpoints = new Map<string, number>();
  readonly #places = new Map<number, FlowPlace & { readonly protocol: number }>();
  readonly #reals = new Map<string, number>();
  readonly #realPlaces = new Map<number, FlowPlace>();
  readonly #services: L4Tables['services'];

  constructor(maps: L4Maps) {
    const { services, leaving } = tablesIn(maps);
    this.#services = services;
    for (const { id, endpoints, reals } of services) {
      for (const endpoint of endpoints) this.#addEndpoint(id, endpoint);
      for (const real of reals) this.#addReal(real);
    }
    for (const real of leaving) this.#addReal(real);
  }

  #addEndpoint(id: number, { address, port, protocol }: ServiceEndpoint): void {
    const bytes = addressBytes(address);
    this.#endpoints.set(`${PROTOCOL[protocol]} ${placeKey({ address: bytes, port })}`, id);
    this.#places.set(id, { address: bytes, port, protocol: PROTOCOL[protocol] });
  }

  #addReal({
    id,
    serviceId,
    address,
    port,
  }: {
    id: number;
    serviceId: number;
    address: string;
    port: number;
  }) {
    const bytes = addressBytes(address);
    this.#reals.set(`${serviceId} ${placeKey({ address: bytes, port })}`, id);
    this.#realPlaces.set(id, { address: bytes, port });
  }

  /** Whose endpoint this is, the port's own or that of all ports. */
  service(protocol: number, place: FlowPlace): number | undefined {
    return (
      this.#endpoints.get(`${protocol} ${placeKey(place)}`) ??
      this.#endpoints.get(`${protocol} ${placeKey({ ...place, port: 0 })}`)
    );
  }

  /** One of its endpoints. */
  placeOf(service: number): (FlowPlace & { readonly protocol: number }) | undefined {
    return this.#places.get(service);
  }

  real(service: number, place: FlowPlace): number | undefined {
    return this.#reals.get(`${service} ${placeKey(place)}`);
  }

  /** @param alive ids of real servers that pass their checks */
  *standings(alive: ReadonlySet<number>): Generator<RealStanding> {
    for (const { id: service, reals } of this.#services) {
      const virtual = this.placeOf(service);
      if (!virtual) continue;
      for (const real of reals)
        yield {
          ...{ protocol: virtual.protocol, virtual, real: this.#realPlaces.get(real.id)! },
          ...{ alive: alive.has(real.id), weight: weightForNew(real) },
        };
    }
  }

  realPlace(id: number): FlowPlace | undefined {
    return this.#realPlaces.get(id);
  }
}
