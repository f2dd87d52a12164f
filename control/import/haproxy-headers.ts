/** Headers that HAProxy sets, adds and takes away. */
import type { Line } from './haproxy-tree.ts';
import { moatValue } from './haproxy-value.ts';
import type { Remarks, Words } from './outcome.ts';

/** @param lines of defaults, frontend and backend, in this order @returns lines of a location */
export function headersOf(lines: readonly Line[], remarks: Remarks): Words[] {
  const upgrade: Words[] = [
    ['proxy_set_header', 'Host', '$http_host'],
    ['proxy_set_header', 'Upgrade', '$http_upgrade'],
    ['proxy_set_header', 'Connection', '$connection_upgrade'],
  ];
  const forwards = lines.some(({ words: [first, second] }) => first === 'option' && second === 'forwardfor');
  const made = new Map<string, Words[]>(upgrade.map(words => [words[1]!.toLowerCase(), [words]]));
  if (forwards)
    made.set('x-forwarded-for', [['proxy_set_header', 'X-Forwarded-For', '$proxy_add_x_forwarded_for']]);
  for (const line of lines) {
    const found = headerOf(line, remarks);
    if (found) made.set(found.key, [...found.lines]);
  }
  return [...made.values()].flat();
}

function headerOf(
  { words, line }: Line,
  remarks: Remarks,
): { readonly key: string; readonly lines: readonly Words[] } | undefined {
  const [first, verb = '', name = '', format = ''] = words;
  if (!/^http-re(quest|sponse)$/.test(first ?? '') || !/^(set|del|add)-header$/.test(verb)) return undefined;
  const isRequest = first === 'http-request';
  const key = `${isRequest ? '' : 'response '}${name.toLowerCase()}`;
  if (verb === 'del-header')
    return { key, lines: [isRequest ? ['proxy_set_header', name, ''] : ['proxy_hide_header', name]] };
  const isScheme =
    name.toLowerCase() === 'x-forwarded-proto' && words.length > 4 && words.join(' ').includes('ssl_fc');
  const value = isScheme ? '$scheme' : words.length > 4 ? undefined : moatValue(format);
  if (value === undefined || (verb === 'add-header' && isRequest)) {
    remarks.dropped(
      line,
      `${words.slice(0, 4).join(' ')}: write it with variables of moat (docs/reference/variables.md)`,
    );
    return undefined;
  }
  if (isRequest) return { key, lines: [['proxy_set_header', name, value]] };
  const hides = verb === 'set-header' ? [['proxy_hide_header', name]] : [];
  return { key, lines: [...hides, ['add_header', name, value, 'always']] };
}
