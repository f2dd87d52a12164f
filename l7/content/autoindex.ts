/** `autoindex`: answers for a folder with a list of what is in it. */
import type { ListingFormat } from '#model/l7/listing.ts';
import type { Exchange } from '../exchange.ts';
import { DONE, type Phase, type Verdict } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { argumentOf } from '../variable/header.ts';
import type { FilePaths } from './file-path.ts';
import { readFolder } from './folder.ts';
import { htmlList, jsonList, xmlList } from './folder-list.ts';

const MEDIA_TYPES: Readonly<Record<ListingFormat, string>> = {
  html: 'text/html',
  xml: 'text/xml; charset=utf-8',
  json: 'application/json',
  jsonp: 'application/javascript',
};

/** @returns undefined where it is off */
export function autoindex({ location }: Compiler, paths: FilePaths): Phase | undefined {
  const { on, format, exactSize, localTime } = location.settings.listing;
  if (!on) return undefined;
  return exchange => {
    const callback = format === 'jsonp' ? callbackOf(exchange) : '';
    if (callback === undefined) return 400;
    const entries = readFolder(exchange, paths.path(exchange));
    if (typeof entries === 'number') return entries;
    const list = (response: Response): string => {
      if (format === 'xml') return xmlList(entries);
      if (format === 'html')
        return htmlList(exchange.path, entries, { exactSize, localTime, utf8: saysUtf8(response) });
      const json = jsonList(entries);
      return callback === '' ? json : `/* callback */\r\n${callback}(${json});`;
    };
    return answer(exchange, MEDIA_TYPES[format === 'jsonp' && callback === '' ? 'json' : format], list);
  };
}

/** The list is made when the head stands: how its columns are filled depends on the charset that filters gave it. */
function answer(exchange: Exchange, mediaType: string, list: (response: Response) => string): Verdict {
  const response = new Response(200);
  response.setContentType(mediaType);
  response.conditional = true;
  exchange.body?.discard();
  if (!exchange.respond(response, undefined)) return DONE;
  exchange.write(Buffer.from(list(response), 'latin1'));
  exchange.end();
  return DONE;
}

const saysUtf8 = ({ headers }: Response) => /;\s*charset=utf-8\s*$/i.test(headers.get('content-type') ?? '');

const MOST_CALLBACK_BYTES = 128;

/** The name of the function; '' when none is asked for, undefined when it can not be one. */
function callbackOf(exchange: Exchange): string | undefined {
  const name = argumentOf(exchange.args, 'callback') ?? '';
  const wrong =
    name.length > MOST_CALLBACK_BYTES ? 'too long' : /^[\w.]*$/.test(name) ? undefined : 'invalid';
  if (wrong === undefined) return name;
  exchange.log('info', `client sent ${wrong} callback name: "${name}"`);
  return undefined;
}
