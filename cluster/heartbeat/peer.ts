/** The other node, as it has said last. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { Log } from '../log.ts';
import { Comparison } from './comparison.ts';
import type { Packet } from './packet.ts';
import { type InstanceSays, type NodeSays, readSays } from './says.ts';

interface Heard {
  readonly from: string;
  readonly stampUs: number;
  readonly body: NodeSays;
}

export interface PeerOptions {
  readonly log: Log;
  /** A digest of the configuration of this node. */
  readonly revision: string;
  /** Of this node; undefined: it has none. */
  readonly witness: string | undefined;
  /** What was known of it until now. */
  readonly before: Peer | undefined;
}

export class Peer {
  revision: string;
  readonly #comparison: Comparison;
  #heard: Heard | undefined;
  /** Instances that the other one said by VRRP that it stops. */
  readonly #stopped = new Set<string>();

  constructor({ node, timeoutMs }: HeartbeatModel, { log, revision, witness, before }: PeerOptions) {
    this.revision = revision;
    this.#comparison = new Comparison({ node, timeoutMs, witness: witness ?? '' }, log);
    this.#heard = before?.#heard;
  }

  get name(): string {
    return this.says?.node ?? 'the other node';
  }

  /** Undefined: it has said nothing yet. */
  get says(): NodeSays | undefined {
    return this.#heard?.body;
  }

  saysOf(name: string): InstanceSays | undefined {
    const says = this.says?.instances.find(one => one.name === name);
    return says && this.#stopped.has(name) ? { ...says, state: 'initialize' } : says;
  }

  get isOtherRevision(): boolean {
    return this.says !== undefined && this.says.revision !== this.revision;
  }

  /** What differs between the two is told. */
  compare(): void {
    if (this.says) this.#comparison.revision(this.name, this.isOtherRevision);
  }

  /** VRRP said in its stead, or it said itself, that it stops. */
  stopped(name: string): void {
    this.#stopped.add(name);
  }

  hasStopped(name: string): boolean {
    return this.#stopped.has(name);
  }

  /** @returns `late`: by another path something newer was there before */
  take({ from, stampUs, body }: Packet): 'new' | 'late' | 'malformed' {
    const says = readSays(body);
    if (!says) return 'malformed';
    const before = this.#heard;
    if (before && before.from === from && before.stampUs >= stampUs) return 'late';
    this.#heard = { from, stampUs, body: says };
    this.#stopped.clear();
    this.#comparison.facts(says);
    this.compare();
    return 'new';
  }
}
