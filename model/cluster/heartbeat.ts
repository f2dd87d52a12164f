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
  /** Weak, for both sides may reach them: so many of these must take a connection over TCP, or refuse it. */
  | {
      readonly type: 'reach';
      readonly least: number;
      readonly targets: readonly { readonly address: string; readonly port: number }[];
    };

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
