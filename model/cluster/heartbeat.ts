/** How two nodes tell each other that they live, and who is asked when they cannot. */

/** One way between the two. */
export interface HeartbeatPathModel {
  readonly local: string;
  readonly peer: string;
}

export type WitnessModel =
  /** `http` or `https`: the JSON gateway of etcd 3. */
  | { readonly type: 'etcd'; readonly url: string; readonly key: string; readonly ttlMs: number }
  /** `redis://[:password@]host:port`; Redis or Valkey. */
  | { readonly type: 'redis'; readonly url: string; readonly key: string; readonly ttlMs: number }
  /** Weak, for both sides may reach them: so many of these must answer. */
  | { readonly type: 'reach'; readonly least: number; readonly targets: readonly ReachTarget[] };

export type ReachTarget =
  /** Takes a connection over TCP, or refuses it. */
  | { readonly type: 'port'; readonly address: string; readonly port: number }
  /** Of a network that this node is in: answers ARP, or a neighbour solicitation. */
  | { readonly type: 'neighbour'; readonly address: string }
  /** One of those that the default routes name answers so. */
  | { readonly type: 'gateway' };

export interface HeartbeatModel {
  /** By which the other one calls this node. */
  readonly node: string;
  /** Both have the same; it proves who speaks. */
  readonly key: string;
  /** UDP, of both sides. */
  readonly port: number;
  readonly intervalMs: number;
  /** After so long without a word by any path the other one is held for silent. */
  readonly timeoutMs: number;
  readonly paths: readonly HeartbeatPathModel[];
  readonly witness: WitnessModel | undefined;
  /** Whether a node takes the addresses from one that runs another configuration. */
  readonly preemptOtherRevision: boolean;
}
