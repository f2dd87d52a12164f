/** A server of a pool at work. */
import type { MemberModel } from '#model/l7/upstream.ts';
import type { Peers } from '../zone/peers.ts';

export class Member {
  /** With the address it resolved to, where a name was configured. */
  readonly model: MemberModel;
  /** `address:port` or `unix:/path`, as logged in $upstream_addr. */
  readonly address: string;
  /** The shared state and its place there; both change together when the pool changes over to new memory. */
  peers: Peers;
  index: number;

  constructor(model: MemberModel, peers: Peers, index: number) {
    this.model = model;
    this.address = addressText(model);
    this.peers = peers;
    this.index = index;
  }
}

export function addressText({ host, port, unixPath }: MemberModel): string {
  if (unixPath !== undefined) return `unix:${unixPath}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
