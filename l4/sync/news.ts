/** Between what the programs tell of a flow, by numbers, and a record, by addresses. */
import { FLOW_FLAG, MODE, NEWS, ROLE, STRUCTS } from '../layout.ts';
import { encode, readBytes, readNumber } from '../struct.ts';
import type { Directory } from './directory.ts';
import { type FlowRecord, OP } from './record.ts';

const { flow_news: NEWS_STRUCT, flow_key: KEY, flow: FLOW } = STRUCTS;
const KEY_AT = NEWS_STRUCT.fields.key[0];
const FLOW_AT = NEWS_STRUCT.fields.flow[0];
export const NEWS_BYTES = NEWS_STRUCT.size;
const TEMPLATE_KIND = 1;

/** Which flow it is about. */
export const keyText = (news: Uint8Array): string =>
  Buffer.from(news.buffer, news.byteOffset + KEY_AT, KEY.size).toString('latin1');

/** The shard that is walked through; undefined: it tells of a flow. */
export const walkedShard = (news: Uint8Array): number | undefined =>
  readNumber(NEWS_STRUCT, news, 'kind') === NEWS.walked ? readNumber(FLOW, news, 'real', FLOW_AT) : undefined;

/** @returns undefined when the real server or the service is gone meanwhile */
export function recordOf(news: Uint8Array, directory: Directory): FlowRecord | undefined {
  const flow = (field: string) => readNumber(FLOW, news, field, FLOW_AT);
  const isTemplate = flow('role') === ROLE.template;
  const virtual = isTemplate ? directory.placeOf(flow('service')) : placeIn(news, 'destination');
  const real = directory.realPlace(flow('real'));
  if (!virtual || !real) return undefined;
  const protocol = 'protocol' in virtual ? virtual.protocol : readNumber(KEY, news, 'protocol', KEY_AT);
  const client = placeIn(news, 'source');
  if (readNumber(NEWS_STRUCT, news, 'kind') === NEWS.ends) return { op: OP.ends, protocol, client, virtual };
  const flags = flow('flags');
  return {
    op: isTemplate ? OP.template : OP.lives,
    ...{ protocol, client, virtual },
    life: {
      ...{ state: flow('state'), mode: flow('mode'), idleMs: readNumber(NEWS_STRUCT, news, 'idle_ms'), real },
      source:
        flow('mode') === MODE.fullnat
          ? { address: readBytes(FLOW, news, 'source', FLOW_AT), port: flow('source_port') }
          : undefined,
      splice: flags & FLOW_FLAG.spliced ? readBytes(FLOW, news, 'hop', FLOW_AT) : undefined,
    },
  };
}

const placeIn = (news: Uint8Array, side: 'source' | 'destination') => ({
  address: readBytes(KEY, news, side, KEY_AT),
  port: readNumber(KEY, news, `${side}_port`, KEY_AT),
});

/**
 * Writes what import_flows() takes.
 *
 * @param into NEWS_BYTES zeros
 * @returns false when this director has no such service or real server, or it is not what it was there
 */
export function newsOf(record: FlowRecord, directory: Directory, into: Uint8Array): boolean {
  const { op, protocol, client, virtual, life } = record;
  const service = directory.service(protocol, virtual);
  if (service === undefined) return false;
  const isTemplate = op === OP.template;
  const key = isTemplate
    ? { source: client.address, destination: serviceAddress(service), kind: TEMPLATE_KIND }
    : {
        ...{ source: client.address, destination: virtual.address, protocol },
        ...{ source_port: client.port, destination_port: virtual.port },
      };
  const kind = op === OP.ends ? NEWS.ends : NEWS.lives;
  encode(NEWS_STRUCT, { kind, idle_ms: life?.idleMs ?? 0, key }, into);
  if (!life) return true;
  const real = directory.real(service, life.real);
  if (real === undefined) return false;
  const { state, mode, source, splice } = life;
  encode(
    FLOW,
    {
      ...{ real, service, state, mode, role: isTemplate ? ROLE.template : ROLE.forward },
      flags: splice ? FLOW_FLAG.spliced : 0,
      ...(isTemplate || mode === MODE.dr || mode === MODE.tun ? {} : becomes(record, life.real, source)),
    },
    into,
    FLOW_AT,
  );
  if (splice) into.set(splice, FLOW_AT + FLOW.fields.hop[0]);
  return true;
}

/** What the packet's addresses become, by nat or fullnat. */
const becomes = (
  { client, virtual }: FlowRecord,
  real: FlowRecord['client'],
  source: FlowRecord['client'] = client,
) => ({
  ...{ source: source.address, source_port: source.port },
  ...{ destination: real.address, destination_port: real.port || virtual.port },
});

function serviceAddress(service: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, service);
  return bytes;
}
