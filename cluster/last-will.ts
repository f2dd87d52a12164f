/** What is done in the stead of a cluster process that died: its addresses are given up, and its peers told so. */

import { addressBytes, sameAddress } from '#kit/address-bytes.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { groupSend, groupSocket } from '#native/group.ts';
import { listAddresses, listLinks, removeAddress } from '#native/netlink.ts';
import { closeFd } from '#native/socket.ts';
import type { Log } from './log.ts';
import { VRRP_PROTOCOL } from './vrrp/checksum.ts';
import { nameOf } from './vrrp/holding.ts';
import type { Standing } from './vrrp/instance.ts';
import { encode, outgoingOf } from './vrrp/packet.ts';
import { OWNER_PRIORITY, STOP_PRIORITY } from './vrrp/state.ts';
import { GROUPS } from './vrrp/wire.ts';

/** Takes as long as the kernel does; a fault of one instance is told, and the next is done. @returns names of those that were active */
export function fulfil(model: ClusterModel, standings: readonly Standing[], log: Log): string[] {
  return model.instances
    .filter(instance => {
      const standing = standings.find(({ name }) => name === instance.name);
      try {
        const held = giveUp(instance);
        if (!standing?.isActive && !held) return false;
        if (standing?.source) sayStop(instance, standing, standing.source);
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

function sayStop(model: VrrpInstanceModel, { index, form }: Standing, source: Uint8Array): void {
  const { family, peers } = model;
  const group = peers ? undefined : GROUPS[family];
  const fd = groupSocket({ family, protocol: VRRP_PROTOCOL, index: peers ? 0 : index, group });
  try {
    for (const destination of group ? [group] : peers!.map(({ address }) => addressBytes(address))) {
      const message = encode(outgoingOf(model, { priority: STOP_PRIORITY, source, destination, form }));
      groupSend(fd, destination, source, index, message);
    }
  } finally {
    closeFd(fd);
  }
}
