/**
 * The way between two session stores: TLS 1.2 with a shared key and fresh Diffie-Hellman keys (RFC 5489, RFC 7905). Each side proves that it
 * has the key, nothing can be read, repeated or changed, and who finds the key out later cannot read what was said before.
 */
import { hkdfSync } from 'node:crypto';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { StoreAddress } from '#model/cluster/session-store.ts';

const SUITE = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;
const IDENTITY = 'moat session store';
const KEY_BYTES = 32;
const HANDSHAKE_MS = 5000;

/** The key of the handshake; the one in the configuration is never used as it is. */
export const channelKey = (key: string): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'latin1'), '', 'moat session store 1', KEY_BYTES));

/** A server that is not listening yet. Its `secureConnection` gives those who have the key. */
export const channelServer = (key: Buffer): Server =>
  createServer({
    ...SUITE,
    handshakeTimeout: HANDSHAKE_MS,
    pskCallback: (_, identity) => (identity === IDENTITY ? key : null),
  });

/** Calls a peer. `secureConnect` comes when it has proved that it has the key. @param from an address of this node */
export const callPeer = (peer: StoreAddress, from: string | undefined, key: Buffer): TLSSocket =>
  connect({
    ...SUITE,
    host: peer.address,
    port: peer.port,
    ...(from === undefined ? {} : { localAddress: from }),
    pskCallback: () => ({ psk: key, identity: IDENTITY }),
    checkServerIdentity: () => undefined, // there is no certificate: the key says who it is
  });
