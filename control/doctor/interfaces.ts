/** The interfaces that the director stands on, or would: device, XDP, offloads, settings. */
import { reasonForTc } from '#l4';
import type { AttachModel, L4Model } from '#model/l4/l4.ts';
import { type HostLink, settingName, strongest } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import type { Device, Looked, Machine } from './machine.ts';
import { linksNear } from './near.ts';

/** What most drivers have room for: a page, less headroom and the kernel's own end of it. */
const XDP_MOST_MTU = 3498;

export function interfaceFindings({ machine, l4 }: Looked): Finding[] {
  return wishesOf(machine, l4).flatMap(({ interface: name, mode }) => {
    const link = machine.links.find(one => one.name === name);
    if (!link)
      return [
        {
          level: 'fault',
          what: `attach ${name}: there is no such interface`,
          remedy: 'ip link shows those that there are',
        },
      ];
    if (!link.up)
      return [{ level: 'fault', what: `attach ${name}: it is down`, remedy: `ip link set ${name} up` }];
    const device = machine.device(name);
    return [
      place(link, device, mode),
      ...taken(link, device),
      ...partOf(link, device),
      ...merging(link, device),
      ...vethXdp(link, device, mode, machine),
      ...settings(link, device, machine, l4),
    ];
  });
}

/** Those that are named; else those that lead to real servers or hold virtual addresses; without a configuration all. */
function wishesOf(machine: Machine, l4: L4Model | undefined): readonly AttachModel[] {
  if (l4 && l4.attach.length > 0) return l4.attach;
  const wanted = (l4?.virtualServers ?? []).flatMap(({ addresses, realServers }) => [
    ...addresses.map(({ first }) => first),
    ...realServers.map(({ address }) => address),
  ]);
  const outer = machine.links.filter(({ name, up }) => name !== 'lo' && up);
  const near = l4
    ? outer.filter(link => wanted.some(address => linksNear(address, [link]).length > 0))
    : outer;
  return near.map(({ name }) => ({ interface: name, mode: 'auto' }));
}

function place(link: HostLink, device: Device, mode: AttachModel['mode']): Finding {
  const by = device.driver === undefined ? device.kind || 'no hardware' : `driver ${device.driver}`;
  const against = againstXdp(link, device);
  const head = `${link.name} is up, MTU ${link.mtu}, ${by}`;
  if (mode === 'xdp' && against !== undefined)
    return {
      level: 'fault',
      what: `${head}: XDP in the driver cannot be: ${against}`,
      remedy: `write attach ${link.name}; and it is tc, or attach ${link.name} xdp-generic;`,
    };
  const tc = reasonForTc(link.name);
  const auto = against ?? tc;
  const stands = mode === 'auto' ? (auto === undefined ? 'xdp' : `tc (${auto})`) : mode;
  const can = against === undefined ? 'could be' : `cannot be: ${against}`;
  return { level: 'fine', what: `${head}: ${stands}; XDP in the driver ${can}` };
}

/** Why there can be no XDP program in the driver; undefined: there can. */
function againstXdp({ mtu }: HostLink, { xdp, driver, kind, offloads }: Device): string | undefined {
  const by = driver === undefined ? kind || 'a virtual interface' : `driver ${driver}`;
  if (xdp !== undefined && !xdp.has('basic')) return `${by} has none`;
  if (mtu > XDP_MOST_MTU) return `MTU ${mtu} is too big: a frame must fit into a page (${XDP_MOST_MTU})`;
  if (offloads?.has('rx-lro')) return 'LRO is on, which merges frames before a program sees them';
  return undefined; // before Linux 6.3 only the attempt tells
}

function taken({ name }: HostLink, { xdpProgram, hasDirector }: Device): Finding[] {
  if (xdpProgram === 0 || hasDirector) return [];
  return [
    {
      level: 'fine',
      what: `an XDP program (id ${xdpProgram}) stands on ${name}; if it is not moat's, it sees packets first and keeps others out`,
    },
  ];
}

/** Addresses and routes belong to the whole then, and the kernel's answers about ways do too. */
function partOf({ name }: HostLink, { master }: Device): Finding[] {
  if (master === undefined) return [];
  return [
    {
      level: 'warning',
      what: `${name} is part of ${master}: addresses and routes are those of ${master}, and ways out are not found from ${name}`,
      remedy: `write attach ${master};`,
    },
  ];
}

function merging({ name }: HostLink, { offloads, driver }: Device): Finding[] {
  if (!offloads) return [];
  const found: Finding[] = [];
  if (offloads.has('rx-lro'))
    found.push({
      level: 'warning',
      what: `LRO is on at ${name}: what the card has merged cannot be sent on as it came`,
      remedy: `ethtool -K ${name} lro off`,
    });
  if (driver !== undefined && !offloads.has('rx-gro'))
    found.push({
      level: 'warning',
      what: `GRO is off at ${name}: in tc each segment costs what a merged one would`,
      remedy: `ethtool -K ${name} gro on`,
    });
  return found;
}

/** On veth nobody fills in the checksums that senders have left to the wire, and what is sent back needs a reader at the other end. */
function vethXdp(
  { name }: HostLink,
  { kind, offloads, peer }: Device,
  mode: AttachModel['mode'],
  machine: Machine,
): Finding[] {
  if (kind !== 'veth' || mode !== 'xdp') return [];
  const found: Finding[] = [];
  if (offloads?.has('tx-checksum-ip-generic'))
    found.push({
      level: 'warning',
      what: `${name} is veth with tx checksum offload: checksums are left to a wire that is none, and XDP sends such packets on as they are`,
      remedy: `ethtool -K ${name} tx off, there and at whatever sends to it by veth`,
    });
  const other = peer === undefined ? undefined : machine.device(peer);
  if (other && other.xdpProgram === 0 && !other.offloads?.has('rx-gro'))
    found.push({
      level: 'fault',
      what: `${name} is veth, and its other end ${peer} has neither an XDP program nor GRO: what XDP sends back there is lost`,
      remedy: `ethtool -K ${peer} gro on`,
    });
  if (peer === undefined)
    found.push({
      level: 'fine',
      what: `the other end of ${name} is in another namespace: it needs an XDP program or GRO (ethtool -K PEER gro on), or what XDP sends back is lost`,
    });
  return found;
}

const usesNat = (l4: L4Model | undefined) =>
  (l4?.virtualServers ?? []).some(({ realServers }) => realServers.some(({ mode }) => mode === 'nat'));

function settings(link: HostLink, device: Device, machine: Machine, l4: L4Model | undefined): Finding[] {
  return [
    ...forwarding(link, device, machine),
    ...(usesNat(l4) ? redirects(link, machine) : []),
    ...returnPath(link, machine),
  ];
}

/** The kernel's lookup of ways answers only for interfaces that forward. moat switches it on when it starts. */
function forwarding(
  { name, addresses }: HostLink,
  { hasDirector, xdpProgram }: Device,
  machine: Machine,
): Finding[] {
  const families = addresses.some(address => address.includes(':'))
    ? (['ipv4', 'ipv6'] as const)
    : (['ipv4'] as const);
  return families.flatMap((family): Finding[] => {
    const path = ['net', family, 'conf', name, 'forwarding'];
    if (machine.setting(path) !== '0') return [];
    const setting = settingName(path);
    const stands = hasDirector || xdpProgram !== 0;
    if (stands)
      return [
        {
          level: 'fault',
          what: `${setting} is 0 while a director stands there: it finds no way out, and drops packets (no-forwarding)`,
          remedy: `sysctl -w ${setting}=1, and see who sets it to 0 (/etc/sysctl.d)`,
        },
      ];
    if (machine.canSet(path))
      return [{ level: 'fine', what: `${setting} is 0: moat sets it to 1 when it starts` }];
    return [
      {
        level: 'fault',
        what: `${setting} is 0 and cannot be changed from here: the director would find no way out`,
        remedy: `sysctl -w ${setting}=1 as root, and outside of it where this is a container`,
      },
    ];
  });
}

/** A real server that is told of a shorter way takes it for answers too, past the director. */
function redirects({ name }: HostLink, { setting }: Machine): Finding[] {
  const value = (one: string) => setting(['net', 'ipv4', 'conf', one, 'send_redirects']);
  if (value('all') !== '1' && value(name) !== '1') return [];
  return [
    {
      level: 'warning',
      what: `this host may tell real servers on ${name} of a shorter way (send_redirects), by which answers of mode nat pass it by`,
      remedy: `sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.${name.replaceAll('.', '/')}.send_redirects=0`,
    },
  ];
}

/** Strict: what comes for this host itself is dropped when its answer would go out elsewhere. */
function returnPath({ name }: HostLink, { setting, links }: Machine): Finding[] {
  const others = links.filter(link => link.name !== 'lo' && link.name !== name && link.up);
  if (strongest('rp_filter', name, setting) !== 1 || others.length === 0) return [];
  return [
    {
      level: 'warning',
      what: `${name} drops packets for this host whose answers would go out by another interface (rp_filter 1): clients that come by two ways reach no real server that runs here, and no check comes back`,
      remedy: `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${name.replaceAll('.', '/')}.rp_filter=2`,
    },
  ];
}
