/** The flow table as the sync has it: what the programs tell, walks through it, and batches of flows that are put in. */
import { join } from 'node:path';
import { type LoadedObject, openPinned, readRing, runProgram } from '#native/bpf.ts';
import { closeFd } from '#native/socket.ts';
import { IMPORTED, IMPORTS_MOST, STRUCTS } from '../layout.ts';
import { L4Maps, MAP_NAMES, type MapName } from '../maps.ts';
import { loadSync } from '../programs.ts';
import { encode, readNumber } from '../struct.ts';
import { NEWS_BYTES } from './news.ts';

/** The "packet" that the programs are given begins with so much that they leave alone. */
const AT = 16;

export type Imported = (typeof IMPORTED)[number];

export class FlowKernel {
  readonly maps: L4Maps;
  readonly #object: LoadedObject;
  readonly #order = new Uint8Array(AT + STRUCTS.walk_order.size);
  readonly #batch = new Uint8Array(AT + IMPORTS_MOST * NEWS_BYTES);

  /** @param folder where the director has pinned its maps */
  constructor(folder: string) {
    const fds = Object.fromEntries(MAP_NAMES.map(name => [name, openPinned(join(folder, name))]));
    this.maps = new L4Maps(fds as Record<MapName, number>);
    this.#object = loadSync(this.maps);
  }

  /** Calls with each piece of news: NEWS_BYTES that are good until it returns. */
  listen(hear: (news: Uint8Array) => void): void {
    readRing(this.maps.fd('flow_news'), record => {
      if (record.length === NEWS_BYTES) hear(record);
    });
  }

  /** Has the flows of one shard told. @param foreign also those that the other director has told of */
  walk(shard: number, sinceNs: bigint, foreign: boolean): { readonly told: number; readonly lost: number } {
    const order = this.#order;
    order.fill(0);
    encode(STRUCTS.walk_order, { shard, since_ns: sinceNs, foreign: foreign ? 1 : 0 }, order.subarray(AT));
    const { verdict } = runProgram(this.#object.programs['export_flows']!, { data: order, out: order });
    if (verdict !== 0) throw new Error(`Cannot walk through shard ${shard}: step ${verdict} failed`);
    const read = (field: string) => readNumber(STRUCTS.walk_order, order, field, AT);
    return { told: read('told'), lost: read('lost') };
  }

  /** Puts up to IMPORTS_MOST flows in. @param news one after another @returns what became of each */
  put(news: Uint8Array): Imported[] {
    const data = this.#batch.subarray(0, AT + news.length);
    data.fill(0, 0, AT);
    data.set(news, AT);
    runProgram(this.#object.programs['import_flows']!, { data, out: data });
    return Array.from(
      { length: news.length / NEWS_BYTES },
      (_, at) => IMPORTED[readNumber(STRUCTS.flow_news, data, 'kind', AT + at * NEWS_BYTES)]!,
    );
  }

  close(): void {
    for (const fd of Object.values(this.#object.programs)) closeFd(fd);
    for (const fd of Object.values(this.#object.maps)) closeFd(fd);
    this.maps.close();
  }
}
