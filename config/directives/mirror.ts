/** Directives of the mirror module. */
import { ArgumentFault, arg } from '../argument.ts';
import { type Context, defineDirective } from '../registry.ts';
import { defineSetting } from './setting.ts';

const BLOCKS: readonly Context[] = ['http', 'server', 'location'];

const mirror = defineDirective({
  name: 'mirror',
  context: BLOCKS,
  repeats: true,
  args: { target: arg.token('a path or off') },
  doc: {
    summary: 'Sends a copy of each request to another location of this server, and drops what it answers.',
    default: 'mirror off;',
    example: 'mirror /mirror;',
    differs: 'The next request of the same connection does not wait for the copy.',
    since: '0.1',
  },
  compile({ target }, scope) {
    const before = scope.own.mirror?.targets;
    if (before && (target.text === 'off' || before.length === 0))
      throw new ArgumentFault('"off" stands alone', 'take out one of the lines', target);
    if (target.text === 'off') scope.set('mirror', { targets: [] });
    else scope.append('mirror', 'targets', target.text);
  },
});

export const MIRROR = [
  mirror,
  defineSetting('mirror_request_body', BLOCKS, 'mirror', 'requestBody', arg.flag(), {
    summary: 'Whether copies have the body of the request; it is read whole before the request goes on.',
    default: 'mirror_request_body on;',
    example: 'mirror_request_body off;',
  }),
];
