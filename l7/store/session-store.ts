/**
 * What the L7 tiers of a cluster know together. It lives in the main thread of the L7 process: ten times a second it looks what the
 * workers have changed in shared memory, tells the others, and writes there what they tell. Workers never wait for it.
 */
import type { Log } from '#kit/log.ts';
import type { SessionStoreModel } from '#model/cluster/session-store.ts';
import type { StoreFigures } from './figures.ts';
import { PeersStore } from './peers-store.ts';
import type { TicketClaim } from './records.ts';
import { RedisStore } from './redis/redis-store.ts';
import type { Offered, StoreWay } from './store-way.ts';
import { judgeClaim } from './ticket-claim.ts';
import type { ZoneShare } from './zone-share.ts';

/** Things that are told of once: strangers could make up more. */
const SAID_MOST = 100;

export interface StoreMeans {
  readonly log: () => Log;
  readonly claim: () => TicketClaim;
  /** Another node's tickets are older than those here: its keys hold from now on. */
  readonly adopt: (claim: TicketClaim) => void;
}

export class SessionStore {
  readonly #means: StoreMeans;
  #model: SessionStoreModel | undefined;
  #way: StoreWay | undefined;
  readonly #said = new Map<string, string>();

  constructor(means: StoreMeans) {
    this.#means = means;
  }

  /**
   * A configuration is in force. Links stay where they are the same.
   *
   * @param zones those of it that are shared
   */
  follow(model: SessionStoreModel | undefined, zones: readonly ZoneShare[]): void {
    if (JSON.stringify(model) !== JSON.stringify(this.#model)) {
      this.close();
      this.#model = model;
      this.#way = model && this.#open(model);
    }
    this.#way?.share(zones);
  }

  /** Somebody was banned here, or a ban was lifted. */
  bansChanged(): void {
    this.#way?.bansChanged();
  }

  /** Hangs up; follow() opens everything anew. */
  close(): void {
    this.#way?.close();
    this.#way = undefined;
    this.#model = undefined;
    this.#said.clear();
  }

  /** Undefined where nothing is shared. */
  figures(): StoreFigures | undefined {
    return this.#way?.figures();
  }

  #open(model: SessionStoreModel): StoreWay {
    const means = {
      log: this.#means.log,
      claim: this.#means.claim,
      offer: (claim: TicketClaim) => this.#offer(claim),
      say: (about: string, what: string, tell: () => void) => this.#say(about, what, tell),
    };
    return model.kind === 'peers' ? new PeersStore(model, means) : new RedisStore(model, means);
  }

  #offer(theirs: TicketClaim): Offered {
    const offered = judgeClaim(theirs, this.#means.claim());
    if (offered === 'taken') this.#means.adopt(theirs);
    return offered;
  }

  #say(about: string, what: string, tell: () => void): void {
    if (this.#said.get(about) === what || (this.#said.size > SAID_MOST && !this.#said.has(about))) return;
    this.#said.set(about, what);
    tell();
  }
}
