/** `waf_upload`: which files forms may bring. */
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

export const wafUpload = defineDirective({
  name: 'waf_upload',
  context: BLOCKS,
  args: {
    off: arg.oneOf(['off', 'on']).optional(),
    types: arg.text('extensions, by commas').param(),
    max: arg.size().param(),
  },
  doc: {
    summary:
      'Looks at the files of forms (multipart/form-data) where `waf` is on: the content has to begin as the extension says, and what is a program, a script or an archive by content may not bear the extension of something else. Refused with 403, or 413 for size; with `waf detect` only written down.',
    args: {
      off: '`on` is the same as to give a parameter.',
      types: 'The extensions that are taken; all, if absent.',
      max: 'How large a file may be.',
    },
    default: 'waf_upload off;',
    example: 'waf_upload types=jpg,jpeg,png,pdf max=10m;',
    since: '0.1',
  },
  compile({ off, types, max }, scope) {
    if (off === undefined && types === undefined && max === undefined)
      throw new ArgumentFault('does not say what to look at', 'write waf_upload on or types=jpg,png');
    if (off === 'off' && (types !== undefined || max !== undefined))
      throw new ArgumentFault('is off, and has parameters', 'leave off out, or the parameters');
    const upload =
      off === 'off' ? undefined : { types: types === undefined ? undefined : listOf(types), mostBytes: max };
    scope.set('waf', { upload });
  },
});

function listOf(text: string): string[] {
  const types = text.toLowerCase().split(',');
  const wrong = types.find(type => !/^[a-z0-9]{1,12}$/.test(type));
  if (wrong !== undefined) throw new ArgumentFault(`"${wrong}" is no extension`, 'as in types=jpg,png,pdf');
  return types;
}
