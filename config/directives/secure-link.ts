/** `secure_link`: what `$secure_link` is judged by. */
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS } from './core-field.ts';

/** The two forms exclude each other in a block; the one it has takes the place of either around it. */
function refuseMixture(mixed: boolean): void {
  if (mixed)
    throw new ArgumentFault('"secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5"');
}

const hasSecret = ({ own }: Scope) => own.secureLink?.secret !== undefined;
const hasLink = ({ own }: Scope) =>
  own.secureLink?.link !== undefined || own.secureLink?.digested !== undefined;

const secureLink = defineDirective({
  name: 'secure_link',
  context: BLOCKS,
  args: { link: arg.template('a digest in base64url, and a time after a comma') },
  doc: {
    summary:
      'Where the digest of a link stands, and after a comma the time until which it is good, in seconds since 1970. `$secure_link` is then `1`, `0` for a link that was good once, or empty.',
    example: 'secure_link $arg_md5,$arg_expires;',
    since: '0.1',
  },
  compile({ link }, scope) {
    refuseMixture(hasSecret(scope));
    scope.set('secureLink', { link, secret: undefined });
  },
});

const secureLinkMd5 = defineDirective({
  name: 'secure_link_md5',
  context: BLOCKS,
  args: { digested: arg.template().secret() },
  doc: {
    summary:
      'The text whose MD5 digest a link must hold: with a secret, and all of the request that it stands for.',
    example: 'secure_link_md5 "$secure_link_expires$uri$remote_addr secret";',
    since: '0.1',
  },
  compile({ digested }, scope) {
    refuseMixture(hasSecret(scope));
    scope.set('secureLink', { digested, secret: undefined });
  },
});

const secureLinkSecret = defineDirective({
  name: 'secure_link_secret',
  context: BLOCKS,
  args: { secret: arg.text('a word').secret() },
  doc: {
    summary:
      'The word that links of the form `/prefix/DIGEST/link` are checked by: the digest is the MD5 of `link` and the word, in hexadecimal. `$secure_link` is then the link, or empty.',
    example: 'secure_link_secret word;',
    since: '0.1',
  },
  compile({ secret }, scope) {
    refuseMixture(hasLink(scope));
    scope.set('secureLink', { secret, link: undefined, digested: undefined });
  },
});

export const SECURE_LINK: readonly Directive[] = [secureLink, secureLinkMd5, secureLinkSecret];
