/**
 * What session stores say to each other. A node calls each of its peers and tells it all; the one that is called confirms.
 *
 * ```
 *  caller ─▶ hello      version, who it is
 *            tickets    since when they are, and the seed; again when they are others
 *            begin      number of the last batch before the snapshot: the count begins here
 *            batch      number, zone, entries; those of the snapshot and those that changed meanwhile, in any order
 *            end        the snapshot is whole
 *            beat       number of the last batch, the caller's time: once a second
 *  called ─▶ beat       the caller's time, and whether all is there up to that beat
 *            again      a batch is missing: wants a snapshot
 * ```
 */
import type { TicketSeed } from '../tls/ticket-keys.ts';
import { BodyReader, FrameFault, FrameWriter } from './frame.ts';

export const KIND = { hello: 1, tickets: 2, begin: 3, batch: 4, end: 5, beat: 6, again: 7 } as const;

/** Those of another version are refused. */
const VERSION = 1;
const NODE_BYTES = 16;
const SEED_BYTES = 32;

/** Session tickets of the node that has been up the longest: its keys hold for all. */
export interface TicketClaim {
  /** When the seed was drawn, in ms since 1970. */
  readonly bornMs: number;
  readonly seed: TicketSeed;
}

/** What a zone holds. */
export const ZONE_KIND = { sessions: 1, limits: 2, bans: 3, collections: 4, acme: 5 } as const;
export type ZoneKind = keyof typeof ZONE_KIND;

export interface BatchHead {
  readonly number: number;
  readonly kind: ZoneKind;
  /** Part of a snapshot: what is, not what came. */
  readonly isSnapshot: boolean;
  readonly zone: string;
}

/** The caller's time, and the number of its last batch; or the answer to that: whether all is there. */
export interface Beat {
  readonly sentMs: number;
  readonly number: number;
}

export const NODE_ID_BYTES = NODE_BYTES;

export interface Hello {
  /** Drawn at the start of the node's process. */
  readonly node: Buffer;
  /** Where it listens: its address and this are the name by which others know it. */
  readonly port: number;
}

export const helloFrame = (node: Uint8Array, port: number): Buffer =>
  new FrameWriter().u8(VERSION).bytes(node).u32(port).frame(KIND.hello);

/** @throws {FrameFault} */
export function readHello(body: Buffer): Hello {
  const reader = new BodyReader(body);
  const version = reader.u8();
  if (version !== VERSION) throw new FrameFault(`version ${version}, this is ${VERSION}`);
  const node = Buffer.from(reader.bytes(NODE_BYTES));
  const port = reader.u32();
  reader.end();
  return { node, port };
}

const writeTickets = ({ bornMs, seed }: TicketClaim): FrameWriter =>
  new FrameWriter().f64(bornMs).u32(seed.period).bytes(seed.secret);

export const ticketsFrame = (claim: TicketClaim): Buffer => writeTickets(claim).frame(KIND.tickets);

/** As they lie elsewhere, for readTickets(). */
export const ticketsBody = (claim: TicketClaim): Buffer => writeTickets(claim).take();

/** @throws {FrameFault} */
export function readTickets(body: Buffer): TicketClaim {
  const reader = new BodyReader(body);
  const bornMs = reader.f64();
  const period = reader.u32();
  const secret = new Uint8Array(reader.bytes(SEED_BYTES));
  reader.end();
  return { bornMs, seed: { period, secret } };
}

export const numberFrame = (kind: number, number: number): Buffer =>
  new FrameWriter().u32(number).frame(kind);

/** @throws {FrameFault} */
export function readNumber(body: Buffer): number {
  const reader = new BodyReader(body);
  const number = reader.u32();
  reader.end();
  return number;
}

export const beatFrame = ({ sentMs, number }: Beat): Buffer =>
  new FrameWriter().f64(sentMs).u32(number).frame(KIND.beat);

/** @throws {FrameFault} */
export function readBeat(body: Buffer): Beat {
  const reader = new BodyReader(body);
  const beat = { sentMs: reader.f64(), number: reader.u32() };
  reader.end();
  return beat;
}

/** @param entries written by the zone's share */
export const batchFrame = (head: BatchHead, entries: Uint8Array): Buffer =>
  new FrameWriter()
    .u32(head.number)
    .u8(ZONE_KIND[head.kind])
    .u8(head.isSnapshot ? 1 : 0)
    .text(head.zone)
    .bytes(entries)
    .frame(KIND.batch);

/** Reads what stands before the entries. @throws {FrameFault} */
export function readBatchHead(reader: BodyReader): BatchHead {
  const number = reader.u32();
  const code = reader.u8();
  const kind = (Object.keys(ZONE_KIND) as ZoneKind[]).find(name => ZONE_KIND[name] === code);
  if (kind === undefined) throw new FrameFault(`a zone of kind ${code}`);
  const flag = reader.u8();
  if (flag > 1) throw new FrameFault(`a flag of ${flag}`);
  return { number, kind, isSnapshot: flag === 1, zone: reader.text() };
}
