/**
 * What the L7 tiers of a cluster know together. It lives in the main thread of the L7 process: ten times a second it looks what the
 * workers have changed in shared memory, tells its peers, and writes there what they tell. Workers never wait for it.
 */
import { randomBytes } from 'node:crypto';
import type { Log } from '#kit/log.ts';
import type { SessionStoreModel, StoreAddress } from '#model/cluster/session-store.ts';
import { monotonicMs } from '../clock.ts';
import { Caller, type Piece } from './caller.ts';
import { channelKey } from './channel.ts';
import { type PeerFigures, REFUSALS, type Refusal, type StoreFigures } from './figures.ts';
import { type BodyReader, FrameWriter } from './frame.ts';
import { Listener, peerName } from './listener.ts';
import { type BatchHead, NODE_ID_BYTES, type TicketClaim } from './records.ts';
import type { ZoneShare } from './zone-share.ts';

const LOOK_MS = 100;
/** Keys are drawn forth hour by hour: those of another day say that a clock is wrong. */
const PERIODS_APART_MOST = 24;

export interface StoreMeans {
  readonly log: () => Log;
  readonly claim: () => TicketClaim;
  /** Another node's tickets are older than those here: its keys hold from now on. */
  readonly adopt: (claim: TicketClaim) => void;
}

interface Links {
  readonly listener: Listener;
  readonly callers: ReadonlyMap<string, Caller>;
}

export class SessionStore {
  readonly #means: StoreMeans;
  readonly #node = randomBytes(NODE_ID_BYTES);
  #model: SessionStoreModel | undefined;
  #zones: readonly ZoneShare[] = [];
  #links: Links | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listenFault: string | undefined;
  #refused = noRefusals();
  #postponed = 0;
  /** What was told last of each peer, and of refusals: nothing is told twice in a row. */
  readonly #said = new Map<string, string>();
  readonly #writer = new FrameWriter();

  constructor(means: StoreMeans) {
    this.#means = means;
  }

  /**
   * A configuration is in force. Links stay where they are the same.
   *
   * @param zones those of it that are shared
   */
  follow(model: SessionStoreModel | undefined, zones: readonly ZoneShare[]): void {
    this.#zones = zones;
    if (JSON.stringify(model) === JSON.stringify(this.#model)) return;
    this.close();
    this.#model = model;
    if (model) this.#open(model);
  }

  /** Somebody was banned here, or a ban was lifted. */
  bansChanged(): void {
    for (const zone of this.#zones) zone.touch?.();
  }

  /** Hangs up; follow() opens everything anew. */
  close(): void {
    clearInterval(this.#timer);
    const links = this.#links;
    this.#links = undefined;
    this.#model = undefined;
    links?.listener.close();
    for (const caller of links?.callers.values() ?? []) caller.close();
    this.#said.clear();
    this.#refused = noRefusals();
    this.#listenFault = undefined;
  }

  /** Undefined where nothing is shared. */
  figures(): StoreFigures | undefined {
    const model = this.#model;
    if (!model || !this.#links) return undefined;
    return {
      listen: peerName(model.listen),
      listenFault: this.#listenFault,
      peers: model.peers.map(peer => this.#figuresOf(peerName(peer), this.#links!)),
      refused: { ...this.#refused },
      postponed: this.#postponed,
    };
  }

  #figuresOf(name: string, { listener, callers }: Links): PeerFigures {
    const { told, reason, lagMs, entriesSent, batchesDropped, snapshotsSent } = callers.get(name)!;
    const entriesReceived = listener.received(name);
    const heard = listener.heard(name);
    return { name, told, heard, reason, lagMs, entriesSent, entriesReceived, batchesDropped, snapshotsSent };
  }

  #open(model: SessionStoreModel): void {
    const { listen, peers } = model;
    const key = channelKey(model.key);
    const common = { key, node: this.#node, nowMs: monotonicMs };
    const listener = new Listener({
      ...common,
      listen,
      peers,
      take: (head, reader) => this.#take(head, reader),
      takeTickets: claim => this.#takeTickets(claim),
      refused: (why, by, detail) => this.#refuse(why, by, detail),
      changed: name => this.#tellOf(name),
      listening: fault => this.#tellOfListening(peerName(listen), fault),
    });
    const callers = new Map<string, Caller>();
    this.#links = { listener, callers };
    for (const peer of peers) callers.set(peerName(peer), this.#caller(peer, listen, common));
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #caller(
    peer: StoreAddress,
    listen: StoreAddress,
    common: { key: Buffer; node: Buffer; nowMs: () => number },
  ) {
    return new Caller({
      ...common,
      peer,
      from: isAny(listen.address) ? undefined : listen.address,
      port: listen.port,
      random: Math.random,
      claim: this.#means.claim,
      snapshot: () => this.#snapshot(),
      changed: () => this.#tellOf(peerName(peer)),
    });
  }

  /** Tells those that are there what has changed. */
  #look(): void {
    const callers = [...(this.#links?.callers.values() ?? [])].filter(({ isUp }) => isUp);
    if (callers.length === 0) return; // those that come get a snapshot
    for (const zone of this.#zones) {
      const count = zone.collect(this.#writer, monotonicMs());
      if (zone.hasMore) this.#postponed++;
      if (count === 0) continue;
      const piece = { kind: zone.kind, zone: zone.name, entries: this.#writer.take(), count };
      for (const caller of callers) caller.tell(piece);
    }
  }

  *#snapshot(): Generator<Piece> {
    this.#look(); // what has changed so far is for the others, and part of what the new one gets
    for (const zone of this.#zones) {
      let from: number | undefined = 0;
      while (from !== undefined) {
        from = zone.dump(from, this.#writer, monotonicMs());
        if (this.#writer.length > 0)
          yield { kind: zone.kind, zone: zone.name, entries: this.#writer.take(), count: 0 };
      }
    }
  }

  /** A zone that is not in this configuration is passed over: one node is always reloaded first. */
  #take({ kind, zone, isSnapshot }: BatchHead, reader: BodyReader): number | undefined {
    const share = this.#zones.find(known => known.kind === kind && known.name === zone);
    return share ? share.apply(reader, isSnapshot, monotonicMs()) : 0;
  }

  /** The older ones hold. Of two of the same age, which no one has drawn by chance, the smaller. */
  #takeTickets(theirs: TicketClaim): void {
    const ours = this.#means.claim();
    if (Math.abs(theirs.seed.period - ours.seed.period) > PERIODS_APART_MOST)
      return this.#refuse('rubbish', 'a peer', 'its ticket keys are of another day: the clocks differ');
    const order = theirs.bornMs - ours.bornMs;
    if (order > 0 || (order === 0 && Buffer.compare(theirs.seed.secret, ours.seed.secret) >= 0)) return;
    this.#means.adopt(theirs);
    for (const caller of this.#links?.callers.values() ?? []) caller.tellTickets();
  }

  #refuse(why: Refusal, by: string, detail: string): void {
    this.#refused[why]++;
    this.#say(`refused ${why} ${by}`, detail, () =>
      this.#means.log().warn(`session store: ${by} is refused: ${detail}`),
    );
  }

  #tellOfListening(name: string, fault: string | undefined): void {
    this.#listenFault = fault;
    this.#say('listen', fault ?? '', () => {
      if (fault !== undefined) this.#means.log().error(`session store: cannot listen at ${name}: ${fault}`);
      else this.#means.log().notice(`session store: peers can call ${name}`);
    });
  }

  #tellOf(name: string): void {
    const links = this.#links;
    const caller = links?.callers.get(name);
    if (!links || !caller) return;
    const heard = links.listener.heard(name);
    if (caller.told === 'in-step' && heard === 'in-step')
      this.#say(name, 'in step', () => this.#means.log().notice(`session store: in step with ${name}`));
    else if (caller.told === 'down')
      this.#say(name, 'down', () =>
        this.#means
          .log()
          .warn(
            `session store: ${name} cannot be told anything: ${caller.reason}; each goes on with what it knows`,
          ),
      );
  }

  #say(about: string, what: string, tell: () => void): void {
    if (this.#said.get(about) === what || (this.#said.size > 100 && !this.#said.has(about))) return;
    this.#said.set(about, what);
    tell();
  }
}

const noRefusals = (): Record<Refusal, number> =>
  Object.fromEntries(REFUSALS.map(why => [why, 0])) as Record<Refusal, number>;

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
