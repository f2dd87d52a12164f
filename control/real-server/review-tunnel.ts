/** Is the far end of tunnels sound: does it unwrap, for whom, and do whole packets fit through? */
import { type DecapState, decapState } from '#l4';
import { hostLinks, isIp4 } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import { defaultWays, type Way } from '../host/ways.ts';
import type { TunnelRecord } from './record.ts';

/** @param addresses virtual ones that come through the tunnels */
export function reviewTunnel(tunnel: TunnelRecord, addresses: readonly string[]): Finding[] {
  const state = decapState(tunnel.pinPath);
  return [
    ...tunnel.interfaces.map(name => unwrapping(name, state, tunnel)),
    ...(state ? sendersOf(state) : []),
    ...tunnel.interfaces.flatMap(name => room(name, tunnel, addresses)),
    ...([4, 6] as const).flatMap(family => wayBack(family, tunnel.directors)),
  ];
}

function unwrapping(name: string, state: DecapState | undefined, tunnel: TunnelRecord): Finding {
  const { place = 'gone' } = state?.interfaces.find(one => one.name === name) ?? {};
  const remedy = `moat real-server join --mode tun ${tunnel.directors.map(one => `--director ${one}`).join(' ')} --interface ${name} ADDRESS ...`;
  if (!hostLinks().some(link => link.name === name))
    return { level: 'fault', what: `there is no interface ${name}, where tunnels were unwrapped`, remedy };
  if (place === 'gone')
    return {
      level: 'fault',
      what: `${name} unwraps no tunnels: the program that did is gone from it, and what the director sends is dropped`,
      remedy,
    };
  return { level: 'fine', what: `${name} unwraps tunnels (XDP, ${place})` };
}

function sendersOf({ directors, counts, lastStranger, guePort }: DecapState): Finding[] {
  const known = `of ${directors.join(', ')}${guePort === 0 ? '' : `, GUE at port ${guePort}`}`;
  const findings: Finding[] = [
    { level: 'fine', what: `tunnels ${known} are unwrapped: ${counts.unwrapped} packets so far` },
  ];
  if (counts.strangers > 0)
    findings.push({
      level: 'warning',
      what: `${counts.strangers} packets in tunnels of others were dropped, the last one of ${lastStranger}`,
      remedy: `if that is a director: moat real-server join --mode tun --director ${lastStranger} ADDRESS ...`,
    });
  if (counts.unknown > 0)
    findings.push({
      level: 'warning',
      what: `${counts.unknown} packets were dropped whose wrapping is not known (GUE with options, or of another version)`,
      remedy: 'see what else sends to the port of GUE',
    });
  return findings;
}

/** A director has the virtual address too: packets that come from it from outside it takes for forged. */
function wayBack(family: 4 | 6, directors: readonly string[]): Finding[] {
  return defaultWays(family)
    .filter(({ gateway }) => gateway !== undefined && directors.includes(gateway))
    .map(({ gateway }) => ({
      level: 'fault',
      what: `the default route over IPv${family} goes by the director ${gateway}, which drops answers that come from its own virtual address`,
      remedy: `ip ${family === 6 ? '-6 ' : ''}route replace default via ROUTER`,
    }));
}

const USUAL_MTU = 1500;
const IP_BYTES = { 4: 20, 6: 40 } as const;
const GUE_BYTES = 12;
/** Without options. */
const TCP_BYTES = 20;

/** What fits through is told to clients by ICMP, which some networks drop; a smaller segment size needs no telling. */
function room(name: string, { directors, guePort }: TunnelRecord, addresses: readonly string[]): Finding[] {
  const link = hostLinks().find(one => one.name === name);
  if (!link) return [];
  const outer = directors.every(isIp4) ? IP_BYTES[4] : IP_BYTES[6];
  const wrapping = outer + (guePort === 0 ? 0 : GUE_BYTES);
  if (link.mtu >= USUAL_MTU + wrapping)
    return [{ level: 'fine', what: `packets of ${USUAL_MTU} bytes fit through tunnels on ${name}` }];
  return ([4, 6] as const)
    .filter(family => addresses.some(address => isIp4(address) === (family === 4)))
    .flatMap(family => segments(family, name, link.mtu, link.mtu - wrapping));
}

function segments(family: 4 | 6, name: string, mtu: number, inner: number): Finding[] {
  const most = inner - IP_BYTES[family] - TCP_BYTES;
  const ways = defaultWays(family);
  const loud = ways.filter(({ advertisedMss }) => advertisedMss === undefined || advertisedMss > most);
  if (ways.length > 0 && loud.length === 0)
    return [
      { level: 'fine', what: `connections over IPv${family} ask for segments that fit (${most} bytes)` },
    ];
  return [
    {
      level: 'warning',
      what: `packets of ${USUAL_MTU} bytes over IPv${family} do not fit through tunnels on ${name} (MTU ${mtu}): the director tells clients to send ${inner}, which fails where ICMP is dropped`,
      remedy:
        loud.length === 0 ? `give the routes to clients advmss ${most}` : routeChange(family, loud[0]!, most),
    },
  ];
}

function routeChange(family: 4 | 6, { link, gateway }: Way, mss: number): string {
  const via = gateway === undefined ? '' : `via ${gateway} `;
  return `ip ${family === 6 ? '-6 ' : ''}route change default ${via}dev ${link} advmss ${mss}`;
}
