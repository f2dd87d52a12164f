/** Which file a URI stands for in a location: `root` and `alias`. */
import { constants } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import type { Text } from '../variable/space.ts';

/** The paths of one location; all texts are latin1, one char a byte. */
export interface FilePaths {
  /** True when `alias` is the whole path, whatever the URI (a location given by a regular expression). */
  readonly wholeAlias: boolean;
  /** How many bytes of the URI `alias` replaces; 0 with `root`. */
  readonly replacedBytes: number;
  /** The folder that `root` or `alias` names, for a request. */
  folder(exchange: Exchange): string;
  /** The file of the request's path. */
  path(exchange: Exchange): string;
}

export function filePaths({ location, text }: Compiler): FilePaths {
  const { alias, root, prefix } = location.settings.core;
  const folder = absolute(text(alias ? alias.path : root), prefix);
  if (alias && alias.prefixBytes === undefined) return wholeAlias(folder);
  const replacedBytes = alias?.prefixBytes ?? 0;
  return {
    wholeAlias: false,
    replacedBytes,
    folder,
    path:
      replacedBytes === 0
        ? exchange => folder(exchange) + exchange.path
        : exchange => folder(exchange) + exchange.path.slice(replacedBytes),
  };
}

const wholeAlias = (folder: Text): FilePaths => ({
  wholeAlias: true,
  replacedBytes: 0,
  folder,
  path: exchange => (exchange.addPathToAlias ? folder(exchange) + exchange.path : folder(exchange)),
});

/**
 * Tells when a rewrite with `break` made the path: then nothing in it is what the location matched, and `alias`, which
 * stands in place of that, can not be used. It is logged.
 *
 * @returns undefined for locations without `alias`
 */
export function aliasMisfit({ location }: Compiler): ((exchange: Exchange) => boolean) | undefined {
  if (!location.settings.core.alias) return undefined;
  const name = location.label.replace(/^(=|\^~|~\*?) */, '');
  return exchange => {
    if (!exchange.prefixHolds)
      exchange.log('alert', `"alias" cannot be used in location "${name}" where URI was rewritten`);
    return !exchange.prefixHolds;
  };
}

/** A path that begins with a variable may turn out relative. */
function absolute(path: Text, prefix: string): Text {
  return exchange => {
    const text = path(exchange);
    return text === '' || text.charCodeAt(0) === 47 ? text : prefix + text;
  };
}

/** For reading; a pipe in the place of a file must not hold up the worker. */
export const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** A path as the file system takes it: names are bytes, and not all of them are UTF-8. */
export function systemPath(path: string): string | Buffer {
  for (let at = 0; at < path.length; at++) {
    if (path.charCodeAt(at) > 127) return Buffer.from(path, 'latin1');
  }
  return path;
}
