/** The media type that the extension of a path stands for: `types` and `default_type`. */
import type { Exchange } from '../exchange.ts';

export function contentTypeOf(exchange: Exchange): string {
  const { types, defaultType } = exchange.location.core;
  const extension = extensionOf(exchange.path);
  return extension !== '' && Object.hasOwn(types, extension) ? types[extension]! : defaultType;
}

/** What follows the last dot of the last segment, lower case; '' when nothing is before the dot. */
function extensionOf(path: string): string {
  const dot = path.lastIndexOf('.');
  if (dot < 2 || path.charCodeAt(dot - 1) === 47 || dot < path.lastIndexOf('/')) return '';
  return path.slice(dot + 1).toLowerCase();
}
