/** An IP address that may have a port behind it. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

export interface Endpoint {
  readonly address: string;
  /** 0 when none is written. */
  readonly port: number;
}

/** Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:80`. @returns undefined for all else */
export function readEndpoint(text: string): Endpoint | undefined {
  if (isIP(text) !== 0) return { address: text, port: 0 };
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  const [, bracketed, bare, written] = match ?? [];
  const port = written === undefined ? 0 : Number(written);
  if (port > 65_535 || (written !== undefined && port === 0)) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { address: bracketed, port } : undefined;
  return bare !== undefined && isIPv4(bare) ? { address: bare, port } : undefined;
}
