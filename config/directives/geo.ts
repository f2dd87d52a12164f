/** `geo`: a variable whose value depends on an address. */
import { ArgumentFault, arg } from '../argument.ts';
import { GeoRows } from '../geo-rows.ts';
import { defineBlock } from '../registry.ts';
import { newVariableName, variableName } from '../variable-name.ts';

const geo = defineBlock({
  name: 'geo',
  context: ['http'],
  args: { names: arg.token('$address $variable, or $variable alone').rest(1) },
  block: 'rows',
  repeats: true,
  doc: {
    summary:
      "Makes a variable whose value depends on an address: the client's, or the one that a variable holds.",
    args: {
      names:
        'The variable that is made, and before it, if it is not the client, the one that holds the address.',
    },
    example: 'geo $site { default remote; 10.0.0.0/8 office; 2001:db8::/32 office; }',
    since: '0.1',
  },
  compile({ names }, scope, body) {
    const [first, second, extra] = names;
    if (extra) throw new ArgumentFault(`too many arguments: "${extra.text}"`, undefined, extra);
    const source = second && first ? [{ variable: variableName(first, scope) }] : undefined;
    const name = newVariableName(second ?? first!);
    scope.define({ kind: 'geo', name, source, ...new GeoRows(body, scope).read() });
  },
});

export const GEO = [geo];
