/** Nodes that stand in for each other tell each other what they know, with nothing between them: each calls each of the others. */
import { randomBytes } from 'node:crypto';
import type { PeersStoreModel, StoreAddress } from '#model/cluster/session-store.ts';
import { monotonicMs } from '../clock.ts';
import { Caller, type Piece } from './caller.ts';
import { channelKey } from './channel.ts';
import { type PeerFigures, type PeersFigures, REFUSALS, type Refusal } from './figures.ts';
import { type BodyReader, FrameWriter } from './frame.ts';
import { Listener, peerName } from './listener.ts';
import { type BatchHead, NODE_ID_BYTES, type TicketClaim } from './records.ts';
import type { StoreWay, WayMeans } from './store-way.ts';
import type { ZoneShare } from './zone-share.ts';

const LOOK_MS = 100;

interface Links {
  readonly listener: Listener;
  readonly callers: ReadonlyMap<string, Caller>;
}

/** Nodes that tell each other. */
export class PeersStore implements StoreWay {
  readonly #model: PeersStoreModel;
  readonly #means: WayMeans;
  readonly #node = randomBytes(NODE_ID_BYTES);
  readonly #links: Links;
  readonly #timer: NodeJS.Timeout;
  readonly #writer = new FrameWriter();
  readonly #refused = noRefusals();
  #zones: readonly ZoneShare[] = [];
  #listenFault: string | undefined;
  #postponed = 0;

  constructor(model: PeersStoreModel, means: WayMeans) {
    this.#model = model;
    this.#means = means;
    this.#links = this.#open();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  share(zones: readonly ZoneShare[]): void {
    this.#zones = zones;
  }

  bansChanged(): void {
    for (const zone of this.#zones) zone.touch?.();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#links.listener.close();
    for (const caller of this.#links.callers.values()) caller.close();
  }

  figures(): PeersFigures {
    const { listen, peers } = this.#model;
    return {
      kind: 'peers',
      listen: peerName(listen),
      listenFault: this.#listenFault,
      peers: peers.map(peer => this.#figuresOf(peerName(peer), this.#links)),
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

  #open(): Links {
    const { listen, peers, key: secret } = this.#model;
    const common = { key: channelKey(secret), node: this.#node, nowMs: monotonicMs };
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
    const callers = new Map(peers.map(peer => [peerName(peer), this.#caller(peer, listen, common)]));
    return { listener, callers };
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
    const callers = [...this.#links.callers.values()].filter(({ isUp }) => isUp);
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

  #takeTickets(theirs: TicketClaim): void {
    const offered = this.#means.offer(theirs);
    if (offered === 'apart')
      this.#refuse('rubbish', 'a peer', 'its ticket keys are of another day: the clocks differ');
    else if (offered === 'taken') for (const caller of this.#links.callers.values()) caller.tellTickets();
  }

  #refuse(why: Refusal, by: string, detail: string): void {
    this.#refused[why]++;
    this.#means.say(`refused ${why} ${by}`, detail, () =>
      this.#means.log().warn(`session store: ${by} is refused: ${detail}`),
    );
  }

  #tellOfListening(name: string, fault: string | undefined): void {
    this.#listenFault = fault;
    this.#means.say('listen', fault ?? '', () => {
      if (fault !== undefined) this.#means.log().error(`session store: cannot listen at ${name}: ${fault}`);
      else this.#means.log().notice(`session store: peers can call ${name}`);
    });
  }

  #tellOf(name: string): void {
    const links: Links | undefined = this.#links; // callers are made before it is there
    const caller = links?.callers.get(name);
    if (!caller) return;
    const heard = links.listener.heard(name);
    if (caller.told === 'in-step' && heard === 'in-step')
      this.#means.say(name, 'in step', () => this.#means.log().notice(`session store: in step with ${name}`));
    else if (caller.told === 'down')
      this.#means.say(name, 'down', () =>
        this.#means
          .log()
          .warn(
            `session store: ${name} cannot be told anything: ${caller.reason}; each goes on with what it knows`,
          ),
      );
  }
}

const noRefusals = (): Record<Refusal, number> =>
  Object.fromEntries(REFUSALS.map(why => [why, 0])) as Record<Refusal, number>;

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
