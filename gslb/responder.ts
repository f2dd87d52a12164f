/** Bytes of a query in, bytes of its answer out, by the tables in force. */
import type { GslbModel } from '#model/gslb.ts';
import { answerTo, type Surroundings } from './answer.ts';
import type { ConditionOf } from './choose.ts';
import { Counts } from './counts.ts';
import { placesIn } from './place.ts';
import { RateLimit } from './rate-limit.ts';
import { type Query, readQuery } from './wire/query.ts';
import { type Answer, datagramLimit, refusalWith, writeReply } from './wire/reply.ts';
import { zonesOf } from './zones.ts';

export interface ResponderMeans {
  readonly conditionOf: (record: string) => ConditionOf;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** A fault of ours, or of the database: told once until the next configuration. */
  readonly tell: (message: string) => void;
}

export class Responder {
  readonly counts = new Counts();
  readonly #means: ResponderMeans;
  #around: Surroundings | undefined;
  #rate: RateLimit | undefined;
  #model: GslbModel | undefined;
  #hasTold = false;

  constructor(means: ResponderMeans) {
    this.#means = means;
  }

  configure(model: GslbModel): void {
    const { conditionOf, random } = this.#means;
    const before = this.#model;
    this.#hasTold = false;
    this.#around = {
      zones: zonesOf(model),
      findPlace: placesIn(model.geoDatabase?.bytes, fault =>
        this.#tellOnce(`the database of addresses: ${fault}`),
      ),
      clientSubnet: model.clientSubnet,
      conditionOf,
      random,
    };
    // Who is above the limit stays so.
    if (JSON.stringify(before?.rateLimit) !== JSON.stringify(model.rateLimit))
      this.#rate = model.rateLimit && new RateLimit(model.rateLimit);
    this.#model = model;
  }

  #tellOnce(message: string): void {
    if (!this.#hasTold) this.#means.tell(message);
    this.#hasTold = true;
  }

  /** @returns undefined: no answer is due */
  datagram(bytes: Uint8Array, source: string): Buffer | undefined {
    const query = this.#read(bytes, 'udp');
    if (!query) return undefined;
    const verdict = this.#rate?.take(source, this.#means.nowMs()) ?? 'answer';
    if (verdict === 'drop') {
      this.counts.drops.rate++;
      return undefined;
    }
    const answer = verdict === 'slip' ? refusalWith('NOERROR') : this.#answer(query, source);
    return this.#write(query, answer, { limitBytes: datagramLimit(query), truncate: verdict === 'slip' });
  }

  /** @param bytes a message of a TCP connection, without its length @returns undefined: no answer is due */
  message(bytes: Uint8Array, source: string): Buffer | undefined {
    const query = this.#read(bytes, 'tcp');
    return query && this.#write(query, this.#answer(query, source), {});
  }

  #read(bytes: Uint8Array, way: 'udp' | 'tcp'): Query | undefined {
    const query = readQuery(bytes);
    if (query) this.counts.queries[way]++;
    else this.counts.drops['no-query']++;
    return query;
  }

  #answer(query: Query, source: string): Answer {
    try {
      return this.#around ? answerTo(query, source, this.#around) : refusalWith('SERVFAIL');
    } catch (fault) {
      this.#tellOnce(`a query is answered by SERVFAIL: ${(fault as Error).stack}`);
      return refusalWith('SERVFAIL');
    }
  }

  #write(query: Query, answer: Answer, options: { limitBytes?: number; truncate?: boolean }): Buffer {
    const reply = writeReply(query, answer, options);
    this.counts.replies[answer.rcode]++;
    if ((reply[2]! & 2) !== 0) this.counts.truncated++;
    return reply;
  }
}
