/** What is done in the stead of a cluster process that died: its addresses are given up, and its peers told so. */

import { addressBytes, sameAddress } from '#kit/address-bytes.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { groupSend, groupSocket } from '#native/group.ts';
import { makeLife, WatchedLife, type WillStep } from '#native/life.ts';
import { listAddresses, listLinks, removalOf, removeAddress } from '#native/netlink.ts';
import { closeFd } from '#native/socket.ts';
import type { Log } from './log.ts';
import { VRRP_PROTOCOL } from './vrrp/checksum.ts';
import { nameOf } from './vrrp/holding.ts';
import type { Standing } from './vrrp/instance.ts';
import { encode, outgoingOf } from './vrrp/packet.ts';
import { OWNER_PRIORITY, STOP_PRIORITY } from './vrrp/state.ts';
import { GROUPS } from './vrrp/wire.ts';

/** Written ahead of the death, and done by a thread that waits for it: others would not wait until this process is told. */
export class LastWill {
  /** For the process that is to be watched. */
  readonly fd = makeLife();
  #watched: WatchedLife | undefined;
  /** Of which instance each step is. */
  #names: readonly string[] = [];

  /** @param standings as the process tells, which holds its life by then */
  write(model: ClusterModel, standings: readonly Standing[]): void {
    const written = standings
      .filter(({ isActive }) => isActive)
      .flatMap(standing => {
        const instance = model.instances.find(({ name }) => name === standing.name);
        return instance ? stepsOf(instance, standing).map(step => ({ step, name: instance.name })) : [];
      });
    this.#names = written.map(({ name }) => name);
    this.#watched ??= new WatchedLife(this.fd, model.realtimePriority);
    this.#watched.will(written.map(({ step }) => step));
  }

  /** The process has ended. @returns names of those that were given up, and all others told */
  end(): ReadonlySet<string> {
    const results = this.#watched?.end() ?? [];
    closeFd(this.fd);
    const names = this.#names;
    const failed = new Set(names.filter((_, at) => results[at] !== 0 && results[at] !== GONE));
    return new Set(results.length === 0 ? [] : names.filter(name => !failed.has(name)));
  }
}

/** -EADDRNOTAVAIL: the address is not there. */
const GONE = -99;

/** Its addresses go first, so that no two nodes have them. */
function stepsOf(instance: VrrpInstanceModel, { source, index, form }: Standing): WillStep[] {
  const links = new Map(listLinks().map(link => [link.name, link.index]));
  const { addresses, priority, interface: by } = instance;
  const removals = addresses.flatMap(model => {
    const on = links.get(model.interface ?? by);
    return on === undefined ? [] : [{ message: removalOf(on, addressBytes(model.address), model) }];
  });
  const letters = source ? farewells(instance, { source, index, form }) : [];
  return [...(priority === OWNER_PRIORITY ? [] : removals), ...letters];
}

interface Voice extends Pick<Standing, 'index' | 'form'> {
  readonly source: Uint8Array;
}

/** Priority 0, to all that listen. */
function farewells(instance: VrrpInstanceModel, { source, index, form }: Voice) {
  const { family, peers } = instance;
  const to = peers ? peers.map(({ address }) => addressBytes(address)) : [GROUPS[family]];
  return to.map(destination => {
    const message = encode(outgoingOf(instance, { priority: STOP_PRIORITY, source, destination, form }));
    return { message, protocol: VRRP_PROTOCOL, destination, source, index };
  });
}

/**
 * What the will has left undone. Takes as long as the kernel does; a fault of one instance is told, and the next is done.
 *
 * @param done names of those that it has given up @returns names of those that were active
 */
export function fulfil(
  model: ClusterModel,
  standings: readonly Standing[],
  done: ReadonlySet<string>,
  log: Log,
): string[] {
  return model.instances
    .filter(instance => {
      const standing = standings.find(({ name }) => name === instance.name);
      try {
        const held = giveUp(instance);
        if (done.has(instance.name)) return true; // said again it would be waited for again
        if (!standing?.isActive && !held) return false;
        const { source } = standing ?? {};
        if (standing && source) sayStop(instance, { ...standing, source });
        return true;
      } catch (fault) {
        log.error(`vrrp ${instance.name}: ${(fault as Error).message}`);
        return false;
      }
    })
    .map(({ name }) => name);
}

/** An owner keeps its addresses: they are its own. @returns whether any was there */
function giveUp({ addresses, interface: by, priority }: VrrpInstanceModel): boolean {
  const links = new Map(listLinks().map(({ name, index }) => [name, index]));
  const there = listAddresses();
  const held = addresses.flatMap(model => {
    const index = links.get(model.interface ?? by);
    const address = addressBytes(model.address);
    const isThere = there.some(own => own.index === index && sameAddress(own.address, address));
    return index !== undefined && isThere ? [{ model, index, address }] : [];
  });
  if (priority !== OWNER_PRIORITY)
    for (const { model, index, address } of held) removeAddress(index, address, nameOf(model), model);
  return held.length > 0;
}

/** Whether none of them is here: others may have them. */
export function areGone({ instances }: ClusterModel): boolean {
  const there = listAddresses();
  return instances
    .filter(({ priority, election }) => election && priority !== OWNER_PRIORITY)
    .flatMap(({ addresses }) => addresses.map(({ address }) => addressBytes(address)))
    .every(address => !there.some(own => sameAddress(own.address, address)));
}

function sayStop(instance: VrrpInstanceModel, voice: Voice): void {
  const fd = groupSocket({ family: instance.family, protocol: VRRP_PROTOCOL, index: voice.index });
  try {
    for (const { destination, message } of farewells(instance, voice))
      groupSend(fd, destination, voice.source, voice.index, message);
  } finally {
    closeFd(fd);
  }
}
