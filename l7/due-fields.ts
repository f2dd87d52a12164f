/** What a request owes its answer before anybody looks at that: the status and the fields of a failure or a redirect on the way. */
import type { Exchange } from './exchange.ts';
import { cleanValue, type HeaderList } from './message.ts';
import type { Response } from './response.ts';

/** Sets the status that an error page stands for, and adds the fields that stay with the request until it is answered. */
export function addDueFields(exchange: Exchange, response: Response): void {
  if (exchange.errorStatus !== 0) {
    response.status = exchange.errorStatus;
    response.reason = undefined;
  }
  if (exchange.carried) carry(exchange.carried, response, exchange.location.model.content.kind === 'proxy');
  if (exchange.redirectTo !== undefined) response.headers.append('Location', cleanValue(exchange.redirectTo));
  for (const challenge of exchange.challenges)
    response.headers.append('WWW-Authenticate', cleanValue(challenge));
  if (exchange.contentRange !== undefined) response.headers.append('Content-Range', exchange.contentRange);
  if (exchange.allowed !== undefined && response.status === 405)
    response.headers.append('Allow', exchange.allowed);
}

/**
 * What the redirecting server said wins over what the file's own type would be.
 *
 * @param served by another server, whose type is no guess
 */
function carry(fields: HeaderList, response: Response, served: boolean): void {
  const replaced = new Set<string>();
  for (let at = 0; at < fields.size; at++) {
    const key = fields.keys[at]!;
    if (key === 'content-type' && served && response.mediaType !== '') continue;
    if (!replaced.has(key) && key !== 'set-cookie') response.headers.remove(key);
    replaced.add(key);
    if (key === 'content-type') response.setContentType(fields.values[at]!);
    else response.headers.add(fields.names[at]!, key, fields.values[at]!);
  }
}
