/** Asks the networks of this host who has the virtual addresses, and whether the real servers in them are there. */
import type { L4Model } from '#model/l4/l4.ts';
import { listLinks } from '#native/netlink.ts';
import { askOwners, type OwnerQuestion } from '../host/ask-owners.ts';
import type { HostLink } from '../host/facts.ts';
import type { Answers } from './machine.ts';
import { holders, linksNear } from './near.ts';

/** More are not asked for: of ranges the first ones tell enough. */
const MOST_QUESTIONS = 4096;

/** @returns nothing where this process may not ask; `trouble` says why */
export async function askNetworks(
  l4: L4Model | undefined,
  links: readonly HostLink[],
): Promise<{ readonly answers: Answers; readonly trouble?: string }> {
  const questions = questionsOf(l4, links);
  if (questions.length === 0) return { answers: new Map() };
  try {
    const found = await askOwners(questions);
    const all = questions.map(({ address, link }) => {
      const macs = [...(found.get(`${address}%${link}`) ?? [])];
      return [address, { link, macs }] as const;
    });
    return { answers: new Map(all) };
  } catch (fault) {
    return { answers: new Map(), trouble: (fault as Error).message };
  }
}

function questionsOf(l4: L4Model | undefined, links: readonly HostLink[]): OwnerQuestion[] {
  const servers = l4?.virtualServers ?? [];
  const virtual = servers.flatMap(({ addresses }) => addresses.map(({ first }) => first));
  const real = servers.flatMap(({ realServers }) => realServers.map(({ address }) => address));
  const macs = new Map(listLinks().map(({ name, mac }) => [name, mac]));
  return [...new Set([...virtual, ...real])].slice(0, MOST_QUESTIONS).flatMap(address => {
    const link = linkFor(address, links);
    const mac = link && macs.get(link.name);
    if (!link || !mac || mac.length !== 6 || !mac.some(byte => byte !== 0)) return [];
    const own = link.addresses.filter(one => one !== address && !virtual.includes(one));
    return [{ address, link: link.name, mac, own }];
  });
}

/** The one that holds it, or whose network it is in. */
function linkFor(address: string, links: readonly HostLink[]): HostLink | undefined {
  const up = links.filter(link => link.up && link.name !== 'lo');
  return holders(address, up)[0] ?? linksNear(address, up)[0];
}
