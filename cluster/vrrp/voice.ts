/** How one instance speaks and hears: where its advertisements come from, how they are written, and which of others are taken. */

import { addressBytes, addressText, sameAddress } from '#kit/address-bytes.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { type AdmissionRules, type Arrival, admit } from './admit.ts';
import type { Journal } from './journal.ts';
import { type Advertisement, type ChecksumForm, encode, outgoingOf, passwordBytes } from './packet.ts';
import { GROUPS, type Line, type Wire } from './wire.ts';

export interface Heard {
  readonly advertisement: Advertisement;
  readonly source: Uint8Array;
  /** The source as text. */
  readonly name: string;
}

export interface VoiceOptions {
  readonly wire: Wire;
  readonly journal: Journal;
  readonly hear: (heard: Heard) => void;
}

export class Voice {
  readonly #options: VoiceOptions;
  #model: VrrpInstanceModel;
  #line: Line | undefined;
  #index = 0;
  #source: Uint8Array | undefined;
  #form: ChecksumForm = 'pseudo-header';
  /** Messages by what they say and to whom. */
  readonly #encoded = new Map<string, Uint8Array>();
  #rules: AdmissionRules | undefined;

  constructor(model: VrrpInstanceModel, options: VoiceOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** Of the interface; 0 before there was one. */
  get index(): number {
    return this.#index;
  }

  /** Where its advertisements come from; undefined before it had an address. */
  get source(): Uint8Array | undefined {
    return this.#source;
  }

  get form(): ChecksumForm {
    return this.#form;
  }

  configure(model: VrrpInstanceModel): void {
    this.#model = model;
    this.#forget();
  }

  #forget(): void {
    this.#encoded.clear();
    this.#rules = undefined;
  }

  speakFrom(source: Uint8Array): void {
    if (this.#source && sameAddress(source, this.#source)) return;
    this.#source = source;
    this.#forget();
  }

  /** Hears what comes in on an interface from now on. @throws {Error} when it cannot */
  listen(index: number): void {
    if (this.#line && this.#index === index) return;
    this.close();
    const { family, vrid, peers } = this.#model;
    this.#index = index;
    const place = { family, index: peers ? 0 : index };
    this.#line = this.#options.wire.open(place, vrid, arrival => this.#take(arrival));
  }

  /** Hears now what has come in. */
  drain(): void {
    this.#line?.drain();
  }

  close(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  #take(arrival: Arrival): void {
    const { journal, hear } = this.#options;
    const advertisement = admit(arrival, (this.#rules ??= this.#rulesNow()));
    const name = addressText(arrival.source);
    if (typeof advertisement === 'string') return journal.dropped(advertisement, name);
    this.#learnForm(advertisement);
    journal.received(advertisement, this.#model, name);
    hear({ advertisement, source: arrival.source, name });
  }

  #rulesNow(): AdmissionRules {
    const { version, family, vrid, peers, advertMs, strict } = this.#model;
    return {
      ...{ version, family, vrid, strict, intervalMs: advertMs, self: this.#source },
      destination: peers ? this.#source : GROUPS[family],
      peers: peers?.map(({ address, leastHops }) => ({ address: addressBytes(address), leastHops })),
      password: passwordBytes(this.#model),
    };
  }

  /** The peer's reading of the checksum is answered, so that it understands. */
  #learnForm({ form, version }: Advertisement): void {
    if (this.#model.checksum !== 'auto' || version !== 3 || form === this.#form) return;
    this.#form = form;
    this.#encoded.clear();
  }

  /** Advertises; what cannot be sent is counted. */
  say(priority: number): void {
    const { family, peers } = this.#model;
    const { journal } = this.#options;
    const to = peers ? peers.map(({ address }) => addressBytes(address)) : [GROUPS[family]];
    for (const destination of to) {
      try {
        this.#line?.send(destination, this.#source!, this.#index, this.#messageTo(destination, priority));
        journal.sent();
      } catch (fault) {
        journal.unsent(fault as Error);
      }
    }
  }

  #messageTo(destination: Uint8Array, priority: number): Uint8Array {
    const key = `${priority} ${destination}`;
    const known = this.#encoded.get(key);
    if (known) return known;
    const told = { priority, destination, source: this.#source!, form: this.#form };
    const message = encode(outgoingOf(this.#model, told));
    this.#encoded.set(key, message);
    return message;
  }
}
