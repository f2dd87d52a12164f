/** A responder on a configuration that stands in the test, and sites whose state the test says. */
import assert from 'node:assert/strict';
import type { Condition } from '../../gslb/choose.ts';
import { Responder } from '../../gslb/responder.ts';
import type { GslbModel } from '../../model/gslb.ts';
import { checkText, faultsOf } from '../config/check-text.ts';
import { type Asked, query, type Told, told } from './message.ts';

export const CLIENT = '192.0.2.200';

export function modelOf(text: string, files: Readonly<Record<string, string>> = {}): GslbModel {
  const result = checkText(text, files);
  assert.deepEqual(faultsOf(result), []);
  return result.model!.gslb!;
}

/** Of one zone, g.example.org, with these records. */
export const zoned = (records: string, around = ''): string => `gslb { listen 192.0.2.53; ${around}
  zone g.example.org { soa ns1.g.example.org hostmaster.example.org; ns ns1.g.example.org 192.0.2.53 2001:db8::53; ns ns.example.net;
    ${records} } }`;

export class Desk {
  /** By `site/address`. */
  readonly conditions = new Map<string, Condition>();
  readonly responder: Responder;
  readonly faults: string[] = [];
  random = () => 0.5;
  nowMs = 0;

  constructor(text: string, files?: Readonly<Record<string, string>>) {
    this.responder = new Responder({
      conditionOf: () => (site, address) =>
        this.conditions.get(`${site.name}/${address}`) ?? { alive: true, weight: undefined },
      random: () => this.random(),
      nowMs: () => this.nowMs,
      tell: fault => this.faults.push(fault),
    });
    this.responder.configure(modelOf(text, files));
  }

  dead(...addresses: string[]): void {
    for (const address of addresses) this.conditions.set(address, { alive: false, weight: undefined });
  }

  /** By UDP. @throws {Error} when there is no answer */
  ask(asked: Asked, source = CLIENT): Told {
    const reply = this.responder.datagram(query(asked), source);
    assert.ok(reply, 'there is an answer');
    return told(reply);
  }

  /** Addresses as hexadecimal digits. */
  addresses(name: string, type: number, source = CLIENT, edns?: Asked['edns']): string[] {
    const { answers } = this.ask({ name, type, ...(edns && { edns }) }, source);
    return answers.map(one => one.split(' ')[3]!);
  }
}

/** Numbers from 0 to 1 that are the same each time (the constants are those of Numerical Recipes). */
export function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
