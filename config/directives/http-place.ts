/** Where something is asked over HTTP: a URL, or a socket. */
import type { HttpPlace } from '#model/l7/discovery.ts';
import { ArgumentFault } from '../argument.ts';

/** @param kind who is asked, for messages @throws {ArgumentFault} when it is no place, or holds a secret, which logs and lists would show */
export function httpPlaceOf(place: string, kind: string, sample: string): HttpPlace {
  if (/^unix:\/./.test(place)) return { url: 'http://localhost', unixPath: place.slice('unix:'.length) };
  const text = kind === 'docker' ? place.replace(/^tcp:\/\//, 'http://') : place;
  const url = /^https?:\/\/[^/]/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new ArgumentFault(`"${place}" is not a place`, `write it as in ${sample}`);
  if (url.username || url.password || url.search || url.hash)
    throw new ArgumentFault(
      `the place of ${kind} takes neither a password nor a query`,
      kind === 'docker' ? undefined : 'a secret goes into a file: token_file=',
    );
  return { url: url.href.replace(/\/+$/, ''), unixPath: undefined };
}

/** What goes into a question: long and strange texts are slips. @throws {ArgumentFault} */
export function askedWord(value: string | undefined, name: string): string | undefined {
  if (value === undefined || /^[\x21-\x7e]{1,255}$/.test(value)) return value;
  throw new ArgumentFault(`${name}= takes 1 to 255 visible letters of ASCII`);
}

/** @throws {ArgumentFault} when nothing in Kubernetes can be called so */
export function refuseStrangeName(value: string | undefined, what: string): void {
  if (value !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
    throw new ArgumentFault(`"${value}" is no name of a ${what} in Kubernetes`);
}
