/** `waf_mask` and `waf_mask_pattern`: what is covered in answers. */
import { PatternFault, translatePattern } from '#kit/pcre.ts';
import { MASK_KINDS, type MaskKind } from '#model/l7/waf.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

export const wafMask = defineDirective({
  name: 'waf_mask',
  context: BLOCKS,
  args: { kinds: arg.text('cards, keys, traces or off').rest() },
  doc: {
    summary:
      'Covers in answers what should not leave, sign by sign, so that their length stays: with or without `waf`. Answers of text, JSON, XML and JavaScript are looked at while they stream; what follows the last line end, at most 1 KB, waits for what comes next. Servers are asked for whole answers without a coding; gzip is undone, and an answer in another coding is not sent (502) unless `waf_on_fault pass` says so. What was covered is logged, and kept as an event once a minute and client.',
    args: {
      kinds:
        '`cards`: numbers of payment cards with a right check digit, but for their last four digits; `keys`: private keys in PEM form; `traces`: frames of stack traces of Java, JavaScript, .NET, Python, PHP, Ruby and Go.',
    },
    default: 'waf_mask off;',
    example: 'waf_mask cards keys traces;',
    since: '0.1',
  },
  compile({ kinds }, scope) {
    if (kinds.includes('off') && kinds.length > 1)
      throw new ArgumentFault('is off, and names what to cover', 'leave off out, or the others');
    if (kinds[0] === 'off') return scope.set('waf', { masks: [], maskPatterns: [] });
    const wrong = kinds.find(kind => !(MASK_KINDS as readonly string[]).includes(kind));
    if (wrong !== undefined)
      throw new ArgumentFault(`"${wrong}" is not one of ${MASK_KINDS.join(', ')}, off`);
    scope.set('waf', { masks: kinds as readonly MaskKind[] });
  },
});

export const wafMaskPattern = defineDirective({
  name: 'waf_mask_pattern',
  context: BLOCKS,
  repeats: true,
  args: { pattern: arg.text('a regular expression') },
  doc: {
    summary:
      'Covers in answers what a regular expression matches, within a line and up to 1 KB, beside what `waf_mask` covers. It runs in time linear in the answer; back references and look-around are not for it.',
    example: 'waf_mask_pattern "\\bEMP-[0-9]{6}\\b";',
    since: '0.1',
  },
  compile({ pattern }, scope) {
    if (/\(\?<?[=!]|\\[1-9]/.test(pattern))
      throw new ArgumentFault(
        'the pattern looks around, or back at a group',
        'match the whole text that is to be covered',
      );
    checkPattern(pattern);
    scope.append('waf', 'maskPatterns', pattern);
  },
});

/** @throws {ArgumentFault} for what is no regular expression */
function checkPattern(pattern: string): void {
  try {
    translatePattern(pattern);
  } catch (fault) {
    if (!(fault instanceof PatternFault)) throw fault;
    throw new ArgumentFault(`"${pattern}" is no regular expression: ${fault.message}`);
  }
}
