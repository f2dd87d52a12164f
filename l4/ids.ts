/** Numbers for services and real servers: kept while what they stand for is there, and never given to two. */
import { endpointKey } from './endpoints.ts';
import type { L4Tables, RealTable, ServiceEndpoint } from './tables.ts';

export class Ids {
  readonly #services = new Map<string, number>();
  readonly #reals = new Map<string, number>();
  readonly #takenServices = new Set<number>();
  readonly #takenReals = new Set<number>();
  /** Given out in this round: two services that were one keep one number only. */
  readonly #claimed = new Set<number>();
  #nextService = 1;
  #nextReal = 1;

  /** @param before what stands in the maps */
  constructor(before: L4Tables | undefined) {
    for (const { id, endpoints, reals } of before?.services ?? []) {
      this.#takenServices.add(id);
      for (const endpoint of endpoints) this.#services.set(endpointKey(endpoint), id);
      for (const real of reals) this.#keepReal(real);
    }
    for (const real of before?.leaving ?? []) {
      this.#takenServices.add(real.serviceId);
      this.#keepReal(real);
    }
  }

  #keepReal(real: Pick<RealTable, 'id' | 'serviceId' | 'address' | 'port'>): void {
    this.#takenReals.add(real.id);
    this.#reals.set(realKey(real.serviceId, real.address, real.port), real.id);
  }

  /** That of the service which had one of these endpoints, or a new one. */
  service(endpoints: readonly ServiceEndpoint[]): number {
    for (const endpoint of endpoints) {
      const known = this.#services.get(endpointKey(endpoint));
      if (known !== undefined && !this.#claimed.has(known)) return this.#claim(known);
    }
    while (this.#takenServices.has(this.#nextService)) this.#nextService++;
    this.#takenServices.add(this.#nextService);
    return this.#claim(this.#nextService);
  }

  #claim(id: number): number {
    this.#claimed.add(id);
    return id;
  }

  real(serviceId: number, address: string, port: number): number {
    const known = this.#reals.get(realKey(serviceId, address, port));
    if (known !== undefined) return known;
    while (this.#takenReals.has(this.#nextReal)) this.#nextReal++;
    this.#keepReal({ id: this.#nextReal, serviceId, address, port });
    return this.#nextReal;
  }
}

const realKey = (serviceId: number, address: string, port: number) => `${serviceId} ${address} ${port}`;
