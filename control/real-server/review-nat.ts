/** Does a real server of mode nat answer by way of its director? It must: clients know the virtual address only. */
import { addressText } from '#kit/address-bytes.ts';
import { listNeighbours } from '#native/netlink.ts';
import { hostLinks, isIp4 } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import { defaultWays, type Way } from '../host/ways.ts';
import type { NatRecord } from './record.ts';

export function reviewNat({ addresses, directors }: NatRecord): Finding[] {
  const families = ([4, 6] as const).filter(family =>
    directors.some(address => isIp4(address) === (family === 4)),
  );
  return [
    ...families.flatMap(family =>
      wayBack(
        family,
        directors.filter(address => isIp4(address) === (family === 4)),
      ),
    ),
    ...addresses.flatMap(ownAddress),
    ...nearClients(directors),
  ];
}

function wayBack(family: 4 | 6, directors: readonly string[]): Finding[] {
  const ways = defaultWays(family);
  const command = `ip ${family === 6 ? '-6 ' : ''}route replace default via ${directors[0]}`;
  if (ways.length === 0)
    return [
      {
        level: 'fault',
        what: `there is no default route over IPv${family}: answers find no way to clients`,
        remedy: command,
      },
    ];
  return ways.map(way => {
    const gateway = way.gateway ?? 'no gateway';
    const verdict = isDirector(way, directors);
    if (verdict === 'yes')
      return { level: 'fine', what: `answers over IPv${family} go by way of the director (${gateway})` };
    if (verdict === 'unknown')
      return {
        level: 'warning',
        what: `the default route over IPv${family} goes by ${gateway} on ${way.link}, which may be the director or not`,
        remedy: command,
      };
    return {
      level: 'fault',
      what: `answers over IPv${family} go by ${gateway} on ${way.link}, past the director: clients drop them, for they come from the wrong address`,
      remedy: command,
    };
  });
}

/** Over IPv6 a router is known by its link-local address: then the link addresses are compared. */
function isDirector({ gateway }: Way, directors: readonly string[]): 'yes' | 'no' | 'unknown' {
  if (gateway === undefined) return 'no';
  if (directors.includes(gateway)) return 'yes';
  if (!gateway.startsWith('fe80:')) return 'no';
  const macs = new Map(
    listNeighbours().flatMap(({ address, mac }) =>
      mac ? [[addressText(address), Buffer.from(mac).toString('hex')] as const] : [],
    ),
  );
  const [router, ...known] = [gateway, ...directors].map(address => macs.get(address));
  if (router !== undefined && known.includes(router)) return 'yes';
  return router === undefined || known.some(mac => mac === undefined) ? 'unknown' : 'no';
}

function ownAddress(address: string): Finding[] {
  const holder = hostLinks().find(({ addresses }) => addresses.includes(address));
  if (!holder) return [];
  return [
    {
      level: 'warning',
      what: `${address} is on ${holder.name}: in mode nat the director has it, and this host's own connections to it stay here`,
      remedy: `ip address del ${address} dev ${holder.name}`,
    },
  ];
}

/** They are answered without the director, whatever the default route says. */
function nearClients(directors: readonly string[]): Finding[] {
  const links = hostLinks().filter(({ name, up, networks }) => name !== 'lo' && up && networks.length > 0);
  const networks = links.flatMap(link => link.networks.map(({ address, bits }) => `${address}/${bits}`));
  const wide = networks.filter(network => !network.startsWith('fe80:') && !/\/(32|128)$/.test(network));
  if (directors.length === 0 || wide.length === 0) return [];
  return [
    {
      level: 'fine',
      what: `clients in ${wide.join(', ')} would be answered past the director: mode fullnat serves those too`,
    },
  ];
}
