/**
 * The kernel side of the L4 tier, held by one process at a time: opened or adopted, filled by changes, attached to interfaces.
 * Whatever becomes of that process, forwarding goes on with what was written last, while the lease lasts.
 */
import { rmSync } from 'node:fs';
import type { AttachModel } from '#model/l4/l4.ts';
import { readRing } from '#native/bpf.ts';
import { forgetNeighbour, manageNeighbour } from '#native/netlink.ts';
import { closeFd } from '#native/socket.ts';
import {
  type AttachContext,
  type Attachment,
  attachDirector,
  attachedInterfaces,
  buildFor,
  detachDirector,
  detachOther,
} from './interfaces.ts';
import { EVENTS } from './layout.ts';
import type { L4Maps } from './maps.ts';
import { folderOf, foldersOfOthers, openMaps, removePins } from './pins.ts';
import { type DirectorBuild, loadDirector, startSweep } from './programs.ts';
import { tablesIn } from './standing.ts';
import {
  type FlowEntry,
  type RealCounts,
  type ReasonCounts,
  readFlows,
  readReals,
  readReasons,
} from './statistics.ts';
import { leaveSteering, Steering } from './steering.ts';
import { type Neighbour, neighboursAmong, readSurroundings } from './surroundings.ts';
import type { L4Tables, TableChange } from './tables.ts';
import { MapWriter } from './writer.ts';

const NS_PER_MS = 1_000_000n;

/** What the programs tell by themselves. */
export type PlaneEvent = { readonly kind: (typeof EVENTS)[number]; readonly realId: number };

export interface DataPlaneOptions {
  /** A folder in a bpffs. */
  readonly pinPath: string;
  /** Room in a new flow table. */
  readonly connections: number;
  readonly onEvent?: (event: PlaneEvent) => void;
  /** What could not be done, and does no harm yet. */
  readonly onTrouble?: (fault: Error) => void;
}

export class DataPlane {
  /** What stood in the maps when they were adopted; undefined: they are new. */
  readonly before: L4Tables | undefined;
  /** How many entries the flow table was made for; that of an adopted one stays as it was. */
  readonly room: number;
  readonly #maps: L4Maps;
  readonly #sweep: number;
  readonly #writer: MapWriter;
  readonly #options: DataPlaneOptions;
  readonly #programs = new Map<DirectorBuild, number>();
  readonly #context: AttachContext;
  readonly steering: Steering;
  readonly #neighbours = new Map<string, Neighbour>();
  #attached: readonly Attachment[] = [];
  #unwritten: boolean;

  /** @throws {Error} with `code` and what could not be done: no right to use BPF, no bpffs at `pinPath`, nothing built */
  constructor(options: DataPlaneOptions) {
    const { maps, sweep, adopted } = openMaps(options.pinPath, options.connections);
    this.#options = options;
    this.#maps = maps;
    this.#sweep = sweep;
    this.before = adopted ? tablesIn(maps) : undefined;
    this.#unwritten = adopted;
    this.room = maps.flowRoom();
    this.#writer = new MapWriter(maps, readSurroundings([]));
    this.#context = {
      program: build => this.#program(build),
      pinFolder: folderOf(options.pinPath),
      otherFolders: () => foldersOfOthers(options.pinPath),
    };
    this.steering = new Steering(maps, folderOf(options.pinPath));
    startSweep(sweep);
    readRing(maps.fd('events'), record => this.#event(record));
  }

  #program(build: DirectorBuild): number {
    let fd = this.#programs.get(build);
    if (fd === undefined) {
      fd = loadDirector(this.#maps, build);
      this.#programs.set(build, fd);
    }
    return fd;
  }

  #event(record: Uint8Array): void {
    const view = new DataView(record.buffer, record.byteOffset);
    const kind = EVENTS[view.getUint32(0, true)];
    if (kind) this.#options.onEvent?.({ kind, realId: view.getUint32(4, true) });
  }

  /**
   * Makes these changes, in their order. The first ones after an adoption begin with nothing (`changesBetween(undefined, …)`), so
   * that all is written once; entries of the life before that are not among them go.
   */
  apply(changes: readonly TableChange[]): void {
    const arriving = changes.flatMap(change => (change.kind === 'put-real' ? [change.real] : []));
    const surroundings = readSurroundings([...this.#writer.reals.values(), ...arriving]);
    this.#writer.apply(changes, surroundings);
    if (this.#unwritten) this.#writer.removeStrangers();
    this.#unwritten = false;
    this.#keepNeighbours();
  }

  /** Their link addresses stay known, so that no packet waits for one. */
  #keepNeighbours(): void {
    const wanted = new Map(
      neighboursAmong(this.#writer.reals.values()).map(one => [`${one.index} ${one.name}`, one]),
    );
    for (const [key, { index, address, name }] of wanted)
      if (!this.#neighbours.has(key)) this.#try(() => manageNeighbour(index, address, name));
    for (const [key, { index, address, name }] of this.#neighbours)
      if (!wanted.has(key)) this.#try(() => forgetNeighbour(index, address, name));
    this.#neighbours.clear();
    for (const [key, one] of wanted) this.#neighbours.set(key, one);
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (fault) {
      this.#options.onTrouble?.(fault as Error);
    }
  }

  /** Loads the programs for these interfaces: the kernel looks at each for a second or so. */
  load(wishes: readonly AttachModel[]): void {
    for (const wish of wishes) this.#program(buildFor(wish));
  }

  /** Stands on these interfaces and no others afterwards. @throws {Error} with the interface's name; the others are as they were */
  attach(wishes: readonly AttachModel[]): readonly Attachment[] {
    const { pinFolder } = this.#context;
    const stood = attachedInterfaces(pinFolder);
    const attached: Attachment[] = [];
    try {
      for (const wish of wishes) attached.push(attachDirector(wish, this.#context));
    } catch (fault) {
      this.#unattach(attached, stood);
      throw fault;
    }
    const names = new Set(wishes.map(({ interface: name }) => name));
    for (const name of attachedInterfaces(pinFolder)) if (!names.has(name)) detachDirector(name, pinFolder);
    this.#attached = attached;
    return attached;
  }

  /** Where it stood before it stands as before; elsewhere no more. */
  #unattach(attached: readonly Attachment[], stood: ReadonlySet<string>): void {
    for (const { interface: name, place } of attached) {
      const before = this.#attached.find(one => one.interface === name);
      if (!stood.has(name)) this.#try(() => detachDirector(name, this.#context.pinFolder));
      else if (before && before.place !== place)
        this.#try(() => attachDirector({ interface: name, mode: before.place }, this.#context));
    }
  }

  /** Ends what moats of other layouts have left here, once this one stands in their place; their flows end. @returns where it lay */
  dropOthers(): string[] {
    const { pinFolder } = this.#context;
    const others = foldersOfOthers(this.#options.pinPath);
    for (const other of others) {
      detachOther(other, pinFolder);
      leaveSteering(other, pinFolder);
      rmSync(other, { recursive: true, force: true });
    }
    return others;
  }

  get attached(): readonly Attachment[] {
    return this.#attached;
  }

  /** Forwarding goes on for so long from now on, where the settings ask for a lease. @returns its end, of CLOCK_MONOTONIC */
  renewLease(leaseMs: number): bigint {
    const endNs = process.hrtime.bigint() + BigInt(leaseMs) * NS_PER_MS;
    this.#maps.putLease(endNs);
    return endNs;
  }

  /** When the lease ends, whoever has renewed it; of CLOCK_MONOTONIC. */
  leaseEndNs(): bigint {
    return this.#maps.leaseEndNs();
  }

  reasons(): ReasonCounts {
    return readReasons(this.#maps);
  }

  /** Of all real servers that are known, by their ids. */
  reals(): Map<number, RealCounts> {
    return readReals(this.#maps, this.#writer.reals.keys());
  }

  flows(): Generator<FlowEntry> {
    return readFlows(this.#maps);
  }

  /** Lets go of everything; what is attached goes on. */
  close(): void {
    this.steering.close();
    for (const fd of this.#programs.values()) closeFd(fd);
    closeFd(this.#sweep);
    this.#maps.close();
  }

  /** Ends forwarding: nothing is left in the kernel. */
  remove(): void {
    this.attach([]);
    this.steering.follow(new Set(), []);
    removePins(this.#options.pinPath);
    this.close();
  }
}
