/** The draft of a session_store block to its frozen model. */
import type { SessionStoreModel, StoreAddress } from '#model/cluster/session-store.ts';
import type { Faults } from './diagnostic.ts';
import type { ClusterDraft, SessionStoreDraft } from './draft-cluster.ts';

export function resolveSessionStore(
  { sessionStore: draft, flowSync }: ClusterDraft,
  hasHttp: boolean,
  faults: Faults,
): SessionStoreModel | undefined {
  if (!draft) return undefined;
  const { listen, peers, key = flowSync?.own.key, site } = draft;
  const miss = (what: string, hint: string) =>
    faults.error('incomplete', `session_store has no ${what}`, site, `add a line: ${hint}`);
  if (!listen) miss('listen', 'listen ADDRESS_OF_THIS_NODE');
  if (peers.length === 0) miss('peer', 'peer ADDRESS_OF_THE_OTHER');
  if (key === undefined) miss('key', 'key file:PATH, with the same key on all nodes');
  if (!hasHttp)
    faults.error(
      'value',
      'session_store: there is no http block, so there is nothing to share',
      site,
      'take it out',
    );
  refuseTwins(draft, faults);
  if (!listen || key === undefined) return undefined;
  return { listen: withoutPlace(listen), peers: peers.map(withoutPlace), key };
}

const nameOf = ({ address, port }: StoreAddress) => `${address} ${port}`;
const withoutPlace = ({ address, port }: StoreAddress): StoreAddress => ({ address, port });

function refuseTwins({ listen, peers }: SessionStoreDraft, faults: Faults): void {
  const known = new Set<string>();
  for (const peer of peers) {
    const name = nameOf(peer);
    if (listen && name === nameOf(listen))
      faults.error('value', `peer: "${peer.place.text}" is this node`, peer.place, 'name the other ones');
    if (known.has(name))
      faults.error('value', `peer: "${peer.place.text}" stands here twice`, peer.place, 'take one out');
    known.add(name);
  }
}
