/** `modern_browser` and `ancient_browser`: what `$modern_browser` and `$ancient_browser` are judged by. */

import { suggest } from '#kit/suggest.ts';
import { BROWSERS, type BrowserName } from '#model/l7/browser.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

const modernBrowser = defineDirective({
  name: 'modern_browser',
  context: BLOCKS,
  repeats: true,
  args: { browser: arg.token('a browser or unlisted'), version: arg.token('a version').optional() },
  doc: {
    summary:
      'From which version on a browser is modern: `opera`, `msie`, `gecko`, `safari` or `konqueror`; `unlisted` are all that neither directive knows.',
    example: 'modern_browser msie 5.5; modern_browser unlisted;',
    differs:
      'What a block says, `unlisted` too, holds in the blocks inside it that say nothing of their own.',
    since: '0.1',
  },
  compile({ browser, version }, scope) {
    if (!version && browser.text !== 'unlisted')
      throw new ArgumentFault('a version is missing', 'write modern_browser NAME VERSION', browser);
    // The block has a list of its own from here on.
    scope.set('browser', { modern: scope.own.browser?.modern ?? [] });
    if (version) scope.append('browser', 'modern', { browser: nameOf(browser), version: versionOf(version) });
    scope.set('browser', { unlistedModern: !version || (scope.own.browser?.unlistedModern ?? false) });
  },
});

function nameOf(token: Token): BrowserName {
  const name = (Object.keys(BROWSERS) as BrowserName[]).find(known => known === token.text);
  if (name) return name;
  const near = suggest(token.text, Object.keys(BROWSERS));
  throw new ArgumentFault(`unknown browser name "${token.text}"`, near && `did you mean "${near}"?`, token);
}

/** nginx counts parts after the first in hundreds. */
const MOST = [4000, 99, 99, 99];

function versionOf(token: Token): number[] {
  const parts = token.text.split('.').map(part => (/^\d{1,4}$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length <= MOST.length && parts.every((part, at) => part <= MOST[at]!)) return parts;
  throw new ArgumentFault(
    `invalid browser version "${token.text}"`,
    'up to four numbers, as in 4000.99.99.99',
    token,
  );
}

const ancientBrowser = defineDirective({
  name: 'ancient_browser',
  context: BLOCKS,
  repeats: true,
  args: { texts: arg.text('texts').rest(1) },
  doc: {
    summary:
      'Texts that make a browser ancient when they stand in its name; `netscape4` stands for Netscape up to 4.',
    example: 'ancient_browser Links Lynx netscape4;',
    since: '0.1',
  },
  compile({ texts }, scope) {
    for (const text of texts) {
      if (text === 'netscape4') scope.set('browser', { netscape4: true });
      else scope.append('browser', 'ancient', text);
    }
  },
});

export const BROWSER: readonly Directive[] = [
  modernBrowser,
  ancientBrowser,
  defineSetting('modern_browser_value', BLOCKS, 'browser', 'modernValue', arg.text(), {
    summary: 'What `$modern_browser` is for a modern browser.',
    default: 'modern_browser_value 1;',
    example: 'modern_browser_value modern.;',
  }),
  defineSetting('ancient_browser_value', BLOCKS, 'browser', 'ancientValue', arg.text(), {
    summary: 'What `$ancient_browser` is for an ancient browser.',
    default: 'ancient_browser_value 1;',
    example: 'ancient_browser_value old.;',
  }),
];
