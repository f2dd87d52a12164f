/** What a network device can do and does: its offloads (ethtool), and what of XDP its driver has. By generic netlink. */
import { addon } from './addon.ts';
import { attribute, attributesOf, bodies, FLAG, message, textOf, word } from './netlink-message.ts';

const NETLINK_GENERIC = 16;
/** The family that knows the others, and its one question. */
const CONTROLLER = { id: 16, getFamily: 3, familyId: 1, familyName: 2 };
const HEADER_BYTES = 4;

const ETHTOOL = { getFeatures: 11, header: 1, deviceIndex: 1, active: 4, bits: 3, bit: 1, name: 2 };
const NESTED = 0x8000;
const NETDEV = { get: 1, index: 1, xdpFeatures: 3 };
/** Bits of NETDEV_A_DEV_XDP_FEATURES. */
const XDP_BITS = { basic: 1, redirect: 2, target: 4, hardware: 16, pieces: 32 } as const;

export type XdpFeature = keyof typeof XDP_BITS;

/** A message of a family: a command, and attributes. */
function ask(family: number, command: number, attributes: [number, Uint8Array][], what: string): Uint8Array {
  const fixed = Uint8Array.of(command, 1, 0, 0);
  const question = message(family, FLAG.acknowledge, fixed, attributes);
  return addon().netlinkAsk(NETLINK_GENERIC, question, 'ask about', what);
}

/** @returns undefined: this kernel has no such family */
function familyId(name: string): number | undefined {
  try {
    const text = Buffer.from(`${name}\0`, 'latin1');
    const answers = ask(CONTROLLER.id, CONTROLLER.getFamily, [[CONTROLLER.familyName, text]], name);
    const [body] = bodies(answers, CONTROLLER.id);
    const id = body && attributesOf(body, HEADER_BYTES).get(CONTROLLER.familyId);
    return id && id[0]! | (id[1]! << 8);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

/**
 * The offloads that are on, as `ethtool -k` of the kernel names them: `rx-gro`, `rx-lro`, `tx-checksum-ip-generic`.
 *
 * @returns undefined: the kernel does not say (before Linux 5.6)
 */
export function offloadsOf(index: number, name: string): ReadonlySet<string> | undefined {
  const family = familyId('ethtool');
  if (family === undefined) return undefined;
  const header = attribute(ETHTOOL.deviceIndex, u32(index));
  const answers = ask(family, ETHTOOL.getFeatures, [[ETHTOOL.header | NESTED, header]], name);
  const [body] = bodies(answers, family);
  const active = body && attributesOf(body, HEADER_BYTES).get(ETHTOOL.active);
  const list = active && attributesOf(active, 0).get(ETHTOOL.bits);
  return new Set(list ? namesIn(list) : []);
}

/** Of a list of bits, which all are attributes of one kind. */
function* namesIn(list: Uint8Array): Generator<string> {
  const view = new DataView(list.buffer, list.byteOffset, list.length);
  for (let at = 0; at + 4 <= list.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) return;
    const name = attributesOf(list.subarray(at, at + length), 4).get(ETHTOOL.name);
    if (name) yield textOf(name);
    at += (length + 3) & ~3;
  }
}

/**
 * What of XDP a driver has: `basic` verdicts, `redirect`, being a `target` of it, frames in `pieces` (large MTUs).
 *
 * @returns undefined: the kernel does not say (before Linux 6.3)
 */
export function xdpFeaturesOf(index: number, name: string): ReadonlySet<XdpFeature> | undefined {
  const family = familyId('netdev');
  if (family === undefined) return undefined;
  const answers = ask(family, NETDEV.get, [[NETDEV.index, u32(index)]], name);
  const [body] = bodies(answers, family);
  const bits = body && attributesOf(body, HEADER_BYTES).get(NETDEV.xdpFeatures);
  if (!bits) return undefined;
  const has = word(bits, 0);
  const names = Object.entries(XDP_BITS) as [XdpFeature, number][];
  return new Set(names.filter(([, bit]) => (has & bit) !== 0).map(([feature]) => feature));
}
