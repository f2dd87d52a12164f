/** Where files are looked for, and what is told of them: root, alias, index, try_files, types and the like. */
import type { DisableSymlinks, TryLast } from '#model/l7/core.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS, BLOCKS_AND_IF, coreField } from './core-field.ts';

const root = defineDirective({
  name: 'root',
  context: BLOCKS_AND_IF,
  args: { path: arg.token('a path with variables') },
  doc: {
    summary: 'The folder that URIs are looked up in: the whole URI is added to it.',
    default: 'root html;',
    example: 'root /srv/www;',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (scope.own.core?.alias) throw new ArgumentFault('"alias" was already given in this block');
    const text = path.text === '/' ? '' : folderText(path.text, scope).replace(/\/$/, '');
    scope.set('core', { root: folder(text, path, scope), alias: undefined });
  },
});

const alias = defineDirective({
  name: 'alias',
  context: ['location'],
  args: { path: arg.token('a path with variables') },
  doc: {
    summary:
      'A path that stands in place of the part of the URI that the location matched; in a location given by a regular expression it is the whole path.',
    example: 'location /docs/ { alias /srv/manuals/; }',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (scope.own.core?.root !== undefined) throw new ArgumentFault('"root" was already given in this block');
    const { match } = scope.location;
    if (match.kind === 'named') throw new ArgumentFault('"alias" cannot be used in a named location');
    scope.set('core', {
      alias: {
        path: folder(folderText(path.text, scope), path, scope),
        prefixBytes: 'uri' in match ? match.uri.length : undefined,
      },
    });
  },
});

/** A path that starts with a variable is made absolute when its value is known. */
const folderText = (text: string, scope: Scope) => (text.startsWith('$') ? text : scope.prefixPath(text));

function folder(text: string, site: Token, scope: Scope) {
  if (/\$(?:\{?)(?:document|realpath)_root\b/.test(text))
    throw new ArgumentFault('a path cannot be made of $document_root or $realpath_root');
  return scope.template(text, site);
}

const index = defineDirective({
  name: 'index',
  context: BLOCKS,
  repeats: true,
  args: { files: arg.token('files').rest(1) },
  doc: {
    summary:
      'The files that answer for a URI that ends with a slash; the first that is there does. The last one may be a URI.',
    default: 'index index.html;',
    example: 'index index.$geo.html index.html /none.html;',
    since: '0.1',
  },
  compile({ files }, scope) {
    for (const file of files) {
      if (file.text === '') throw new ArgumentFault('the name of an index file is empty', undefined, file);
      scope.append('core', 'index', scope.template(file.text, file));
    }
  },
});

const tryFiles = defineDirective({
  name: 'try_files',
  context: ['server', 'location'],
  args: { files: arg.token('files, and what is done when there is none').rest(2) },
  doc: {
    summary:
      'Takes the first of some files (with a slash at the end: folders) that exists; goes on at the URI or the named location that stands last, or ends with `=STATUS`.',
    example: 'try_files $uri $uri/ /index.html;',
    since: '0.1',
  },
  compile({ files }, scope) {
    const tried = files.slice(0, -1).map(file => {
      const directory = file.text.endsWith('/');
      return { path: scope.template(directory ? file.text.slice(0, -1) : file.text, file), directory };
    });
    scope.location.tryFiles = { files: tried, last: lastOf(files.at(-1)!, scope) };
  },
});

function lastOf(token: Token, scope: Scope): TryLast {
  const { text } = token;
  if (!text.startsWith('=')) return { target: scope.template(text, token) };
  if (!/^=\d{1,3}$/.test(text))
    throw new ArgumentFault(`"${text}" is not a status`, 'write =404, or another status to 999', token);
  return { status: Number(text.slice(1)) };
}

const types = defineBlock({
  name: 'types',
  context: BLOCKS,
  repeats: true,
  args: {},
  block: 'rows',
  doc: {
    summary: 'The media type of each file name extension. A block replaces those around it.',
    default: 'types { text/html html; image/gif gif; image/jpeg jpg; }',
    example: 'types { text/css css; application/javascript js mjs; }',
    since: '0.1',
  },
  compile(_, scope, body) {
    // A second block on the same level adds to the first.
    const table: Record<string, string> = { ...scope.own.core?.types };
    for (const row of body.rows) {
      if (row.block) throw new ArgumentFault('a row of types takes no block', 'end it with ";"', row.name);
      for (const extension of row.args) addType(extension, row.name.text, table, scope);
    }
    scope.set('core', { types: table });
  },
});

function addType(extension: Token, type: string, table: Record<string, string>, scope: Scope): void {
  const key = extension.text.toLowerCase();
  const before = Object.hasOwn(table, key) ? table[key] : undefined;
  if (before !== undefined)
    scope.faults.warn(
      'duplicate',
      `types: "${extension.text}" is already ${before}; ${type} takes its place`,
      extension,
      'keep one of the two',
    );
  table[key] = type;
}

const SYMLINK_MODES: Readonly<Record<string, DisableSymlinks['refuse']>> = {
  off: 'none',
  on: 'all',
  if_not_owner: 'other-owner',
};

const disableSymlinks = defineDirective({
  name: 'disable_symlinks',
  context: BLOCKS,
  args: {
    mode: arg.oneOf(['off', 'on', 'if_not_owner']),
    from: arg.template('a path with variables').param(),
  },
  doc: {
    summary:
      'Refuses files whose path has a symbolic link in it, or only links that belong to another user than what they point to; `from=` is the leading part of the path that is not looked at.',
    default: 'disable_symlinks off;',
    example: 'disable_symlinks if_not_owner from=$document_root;',
    since: '0.1',
  },
  compile({ mode, from }, scope) {
    if (mode === 'off' && from !== undefined) throw new ArgumentFault('"from=" cannot be used with "off"');
    scope.set('core', { disableSymlinks: { refuse: SYMLINK_MODES[mode]!, from } });
  },
});

const logNotFound = coreField('log_not_found', 'logNotFound', arg.flag(), {
  summary: 'Whether a missing file is told in the error log.',
  default: 'on',
  example: 'off',
});

const defaultType = coreField('default_type', 'defaultType', arg.text('a media type'), {
  summary: 'The media type of files whose extension is not in `types`, and of texts of `return`.',
  default: 'text/plain',
  example: 'application/octet-stream',
});

export const CORE_FILES = [
  root,
  alias,
  index,
  tryFiles,
  types,
  defaultType,
  disableSymlinks,
  logNotFound,
  coreField('etag', 'etag', arg.flag(), {
    summary: 'Whether files get an ETag, made of their time and their size.',
    default: 'on',
    example: 'off',
  }),
  coreField('if_modified_since', 'ifModifiedSince', arg.oneOf(['off', 'exact', 'before']), {
    summary:
      'How If-Modified-Since is held against the time of a file: not at all, equal to it, or equal or later.',
    default: 'exact',
    example: 'before',
  }),
  coreField('max_ranges', 'maxRanges', arg.integer(), {
    summary: 'How many byte ranges a request may ask for; with more it gets the whole, with 0 always.',
    example: '1',
  }),
];
