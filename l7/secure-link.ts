/** Judges links that hold a digest: `$secure_link`, `$secure_link_expires`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Exchange } from './exchange.ts';
import type { Compiler } from './tables.ts';

export interface SecureLink {
  /** `1`, or `0` when its time is over; in the old form what follows the digest. Undefined: the link is not good. */
  judge(exchange: Exchange): string | undefined;
  /** The time that the link names, in seconds since 1970. */
  expires(exchange: Exchange): string | undefined;
}

const NONE: SecureLink = { judge: () => undefined, expires: () => undefined };

export function secureLink(compiler: Compiler): SecureLink {
  const { link, digested, secret } = compiler.location.settings.secureLink;
  if (secret !== undefined) return linksInPaths(secret);
  if (link === undefined || digested === undefined) return NONE;
  const written = compiler.text(link);
  const text = compiler.text(digested);
  return {
    judge(exchange) {
      const [digest = '', time] = parts(written(exchange));
      if (time !== undefined && !isTime(time)) return undefined;
      if (!isDigestOf(digest, text(exchange))) return undefined;
      return time !== undefined && Number(time) < Math.floor(exchange.clock.wallMs() / 1000) ? '0' : '1';
    },
    expires(exchange) {
      const time = parts(written(exchange))[1];
      return time !== undefined && isTime(time) ? time : undefined;
    },
  };
}

/** The digest, and what follows the first comma. */
function parts(link: string): [digest: string, time?: string] {
  const comma = link.indexOf(',');
  return comma === -1 ? [link] : [link.slice(0, comma), link.slice(comma + 1)];
}

const isTime = (text: string) => /^\d{1,18}$/.test(text) && Number(text) > 0;

/** 16 bytes are 22 characters of base64url; what pads them may be left out. */
function isDigestOf(digest: string, text: string): boolean {
  const [coded] = /^[\w-]{22}(?==|$)/.exec(digest) ?? [];
  if (coded === undefined || digest.length > 24) return false;
  return timingSafeEqual(Buffer.from(coded, 'base64url'), md5(text));
}

const md5 = (text: string) => createHash('md5').update(text, 'latin1').digest();

/** `/prefix/DIGEST/link`, in the target as it was sent. */
function linksInPaths(secret: string): SecureLink {
  return {
    judge({ requestUri }) {
      const [, digest, link] = /^.[^/]*\/([0-9A-Fa-f]{32})\/(.+)$/s.exec(requestUri) ?? [];
      if (digest === undefined || link === undefined) return undefined;
      return timingSafeEqual(Buffer.from(digest, 'hex'), md5(link + secret)) ? link : undefined;
    },
    expires: () => undefined,
  };
}
