/** The boundary that a Content-Type names, and what is suspicious about the way it does. */
import { MultipartFault, type MultipartFlags } from './multipart-part.ts';

/** What RFC 2046 §5.1.1 allows in a boundary; a space may not end it. */
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]$/;

/**
 * Strict where parsers of servers differ: two boundary parameters, other parameters before it, half a pair of quotes. Well-formed
 * parameters after it (`; charset=UTF-8`) are passed over, as by libmodsecurity 3 and by servers.
 *
 * @param contentType the header's value
 * @param flags told of quotes, spaces and a missing semicolon, which are tolerated but marked
 * @throws {MultipartFault}
 */
export function readBoundary(contentType: string, flags: MultipartFlags): string {
  if (contentType.length > 1024) throw new MultipartFault('the Content-Type is too long');
  if (countBoundaries(contentType) > 1)
    throw new MultipartFault('the Content-Type names more than one boundary');
  const match = /^multipart\/form-data([\s;]*)boundary(\s*)=(.*)$/is.exec(contentType);
  if (!match) throw new MultipartFault('the Content-Type names no boundary, or something before it');
  const [, before, space, value] = match as unknown as [string, string, string, string];
  const semicolons = before.split(';').length - 1;
  if (semicolons > 1) throw new MultipartFault('more than one semicolon before the boundary');
  if (semicolons === 0) flags.missingSemicolon = true;
  if (space !== '' || /^\s/.test(value)) flags.boundaryWhitespace = true;
  const boundary = unquote(withoutParameters(value), flags);
  if (/boundary/i.test(boundary) && boundary.includes('='))
    throw new MultipartFault('a boundary within the boundary');
  if (!BOUNDARY.test(boundary))
    throw new MultipartFault('the boundary is empty or has signs that none may have');
  return boundary;
}

/** RFC 9110, section 5.6.6, at the end of the value. */
const PARAMETERS =
  /(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\;]*"))+[ \t]*;?$/;

const withoutParameters = (value: string): string => value.replace(PARAMETERS, '');

function unquote(value: string, flags: MultipartFlags): string {
  const opens = value.startsWith('"');
  const closes = value.length >= 2 && value.endsWith('"');
  if (opens && closes) {
    flags.boundaryQuoted = true;
    return value.slice(1, -1);
  }
  if (opens || closes) throw new MultipartFault('half a pair of quotes around the boundary');
  return value;
}

function countBoundaries(contentType: string): number {
  const lower = contentType.toLowerCase();
  let count = 0;
  for (let at = lower.indexOf('boundary'); at >= 0; at = lower.indexOf('boundary', at + 8))
    if (lower.includes('=', at)) count++;
  return count;
}
