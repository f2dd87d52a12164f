/** Directives of the http core module that fill the core slice. */
import { arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';

const root = defineDirective({
  name: 'root',
  context: ['http', 'server', 'location', 'location-if'],
  args: { path: arg.token('a path with variables') },
  doc: {
    summary: 'The folder that URIs are looked up in.',
    default: 'root html;',
    example: 'root /srv/www;',
    since: '0.1',
  },
  compile({ path }, scope) {
    scope.set('core', { root: scope.template(scope.prefixPath(path.text), path), alias: undefined });
  },
});

export const CORE = [root];
