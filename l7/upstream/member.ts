/** A server of a pool at work. */
import type { MemberModel } from '#model/l7/upstream.ts';
import type { Peers } from '../zone/peers.ts';
import type { Stacks } from './idle.ts';

export class Member {
  /** With the address it resolved to, where a name was configured. */
  readonly model: MemberModel;
  /** `address:port` or `unix:/path`, as logged in $upstream_addr. */
  readonly address: string;
  /** Idle connections to it. */
  readonly stacks: Stacks;
  /** The shared state of the pool, and the place of this member in it. */
  readonly peers: Peers;
  readonly index: number;

  /** @param stacks the idle connections to its address */
  constructor(model: MemberModel, peers: Peers, index: number, stacks: Stacks) {
    this.model = model;
    this.address = addressText(model);
    this.stacks = stacks;
    this.peers = peers;
    this.index = index;
  }
}

export function addressText({
  host,
  port,
  unixPath,
}: Pick<MemberModel, 'host' | 'port' | 'unixPath'>): string {
  if (unixPath !== undefined) return `unix:${unixPath}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The name that the member's state goes by when pools change: one that was looked up has its address behind it. */
export function stateName(model: MemberModel): string {
  const address = addressText(model);
  return address === model.name || model.unixPath !== undefined ? model.name : `${model.name} ${address}`;
}
