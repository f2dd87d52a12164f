/** What is answered in place of content: error pages, redirects, the signature. */
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS, BLOCKS_AND_IF, coreField } from './core-field.ts';

const errorPage = defineDirective({
  name: 'error_page',
  context: BLOCKS_AND_IF,
  repeats: true,
  args: { words: arg.token('statuses, =STATUS, and a URI, a URL or a @name').rest(2) },
  doc: {
    summary:
      'Answers some statuses with a page. `=STATUS` before it changes the status, `=` alone takes the one that the page itself gives.',
    example: 'error_page 502 503 =200 /sorry.html;',
    since: '0.1',
  },
  compile({ words }, scope) {
    const target = words.at(-1)!;
    const answer = words.at(-2)!;
    const statuses = words.slice(0, answer.text.startsWith('=') ? -2 : -1);
    if (statuses.length === 0) throw new ArgumentFault('names no status', undefined, answer);
    scope.append('core', 'errorPages', {
      statuses: statuses.map(statusOf),
      answer: answerOf(answer),
      target: scope.template(target.text, target),
    });
  },
});

function statusOf(token: Token): number {
  const status = /^\d+$/.test(token.text) ? Number(token.text) : Number.NaN;
  if (Number.isNaN(status) || status === 499)
    throw new ArgumentFault(`"${token.text}" is not a status that a page can stand for`, undefined, token);
  if (status < 300 || status > 599)
    throw new ArgumentFault(`${token.text} is out of range`, 'take 300 to 599', token);
  return status;
}

function answerOf(token: Token): number | 'target' | undefined {
  if (!token.text.startsWith('=')) return undefined;
  if (token.text === '=') return 'target';
  if (!/^=\d{1,3}$/.test(token.text))
    throw new ArgumentFault(`"${token.text}" is not a status`, 'write =200, or = alone', token);
  // =0 is what `=` alone means.
  return Number(token.text.slice(1)) || 'target';
}

const serverTokens = defineDirective({
  name: 'server_tokens',
  context: BLOCKS,
  args: { value: arg.token('on, off, build or a text') },
  doc: {
    summary:
      'What Server and the pages of errors tell: name and version, the name alone, or a text of your own; an empty one sends no Server.',
    default: 'server_tokens on;',
    example: 'server_tokens off;',
    differs: 'A text of your own is not kept for paying customers; `build` tells as much as `on`.',
    since: '0.1',
  },
  compile({ value }, scope) {
    const { text } = value;
    const known = text === 'on' || text === 'off' || text === 'build';
    scope.set('core', { serverTokens: known ? text : { text: scope.template(text, value) } });
  },
});

export const CORE_ERRORS = [
  errorPage,
  serverTokens,
  coreField('recursive_error_pages', 'recursiveErrorPages', arg.flag(), {
    summary: 'Whether a page for an error may itself be answered with a page.',
    default: 'off',
    example: 'on',
  }),
  coreField('absolute_redirect', 'absoluteRedirect', arg.flag(), {
    summary: 'Whether redirects that moat makes name scheme, host and port.',
    default: 'on',
    example: 'off',
  }),
  coreField('server_name_in_redirect', 'serverNameInRedirect', arg.flag(), {
    summary: 'Whether redirects name the first `server_name`, and not the Host of the request.',
    default: 'off',
    example: 'on',
  }),
  coreField('port_in_redirect', 'portInRedirect', arg.flag(), {
    summary: 'Whether redirects name the port.',
    default: 'on',
    example: 'off',
  }),
  coreField('satisfy', 'satisfy', arg.oneOf(['all', 'any']), {
    summary:
      'Whether all of allow/deny, auth_basic and auth_request must let a request through, or any of them.',
    default: 'all',
    example: 'any',
  }),
];
