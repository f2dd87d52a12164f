/** `waf_exclude`: what rules do not look at, and for which requests. */
import { MEDIA_TYPE, WAF_TARGETS, type WafExclusion, type WafTargetKind, wafTarget } from '#model/l7/waf.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

/** Reads `942100` and `942000-942999`. @throws {ArgumentFault} */
function idsOf(text: string): WafExclusion['rules'] {
  const [, first, last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first))
    throw new ArgumentFault(`"${text}" is no rule`, 'write rule=942100 or rule=942000-942999');
  return { kind: 'ids', first: Number(first), last: Number(last) };
}

function rulesOf(rule: string | undefined, tag: string | undefined): WafExclusion['rules'] {
  if ((rule === undefined) === (tag === undefined))
    throw new ArgumentFault('the rules are to be named once', 'write rule=ID, rule=ID-ID or tag=NAME');
  return rule === undefined ? { kind: 'tag', tag: tag! } : idsOf(rule);
}

function targetOf(words: { readonly [K in WafTargetKind]: string | undefined }): string | undefined {
  const named = (Object.keys(WAF_TARGETS) as WafTargetKind[]).filter(key => words[key] !== undefined);
  if (named.length > 1)
    throw new ArgumentFault(`names ${named.join(' and ')}`, 'write a line for each of them');
  const [word] = named;
  if (word === undefined) return undefined;
  const name = words[word]!;
  if (name === '' || name.includes("'")) throw new ArgumentFault(`"${name}" cannot be the name of a ${word}`);
  return wafTarget(word, name);
}

/** @throws {ArgumentFault} for what no request could have */
function checkCondition({ method, type, host }: Pick<WafExclusion, 'method' | 'type' | 'host'>): void {
  if (method !== undefined && !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(method))
    throw new ArgumentFault(`"${method}" is no method`);
  if (type !== undefined && !MEDIA_TYPE.test(type))
    throw new ArgumentFault(`"${type}" is no media type`, 'as in type=application/grpc, without parameters');
  if (host !== undefined && !/^(?:[^\s/:]+|\[[0-9a-fA-F:.]+\])$/.test(host))
    throw new ArgumentFault(`"${host}" is no host`, 'as in host=192.0.2.7, without a port');
}

export const wafExclude = defineDirective({
  name: 'waf_exclude',
  context: BLOCKS,
  repeats: true,
  args: {
    rule: arg.text('ID or ID-ID').param(),
    tag: arg.text('a tag of rules').param(),
    path: arg.text('what a path begins with').param(),
    param: arg.text('the name of a parameter').param(),
    header: arg.text('the name of a header field').param(),
    cookie: arg.text('the name of a cookie').param(),
    method: arg.text('a method').param(),
    type: arg.text('a media type').param(),
    host: arg.text('a host name or address').param(),
  },
  doc: {
    summary:
      'Rules that do not look at something: at one parameter, header field or cookie; without any of these, the rules do not run at all. Everything else they go on looking at. Exclusions add to those of the blocks around. `moat waf tune` proposes lines of this.',
    args: {
      rule: 'By its id, or a range of ids.',
      tag: 'All rules with this tag.',
      path: 'Of the decoded path, how it begins.',
      param: 'Of the query or the body.',
      header: 'In any case.',
      cookie: 'In any case.',
      method: 'It counts for requests with this method only, as in `rule=911100 method=PATCH`.',
      type: 'It counts for requests with a body of this type only, as in `rule=920420 type=application/grpc`.',
      host: 'It counts for requests to this host only, as in `rule=920350 host=192.0.2.7`; without a port.',
    },
    example: 'waf_exclude rule=942100 path=/search param=q;',
    since: '0.1',
  },
  compile({ rule, tag, path, param, header, cookie, method, type, host }, scope) {
    if (path !== undefined && !path.startsWith('/'))
      throw new ArgumentFault(`the path "${path}" does not begin with /`);
    checkCondition({ method, type, host });
    const target = targetOf({ param, header, cookie });
    const condition = { method, type: type?.toLowerCase(), host: host?.toLowerCase() };
    scope.append('waf', 'exclusions', { rules: rulesOf(rule, tag), path, target, ...condition });
  },
});
