/** Texts of HAProxy's log format as texts of moat with variables. */

const SAMPLES: Readonly<Record<string, string>> = {
  src: '$remote_addr',
  src_port: '$remote_port',
  dst: '$server_addr',
  dst_port: '$server_port',
  path: '$uri',
  query: '$args',
  method: '$request_method',
  ssl_fc: '$https',
  ssl_fc_sni: '$ssl_server_name',
  ssl_fc_protocol: '$ssl_protocol',
  ssl_fc_cipher: '$ssl_cipher',
  'unique-id': '$request_id',
  host: '$http_host',
};
const ALIASES: Readonly<Record<string, string>> = {
  ci: '$remote_addr',
  cp: '$remote_port',
  fi: '$server_addr',
  fp: '$server_port',
  ID: '$request_id',
  H: '$hostname',
};

/** A header's name as variables have it: `X-Tenant` is `x_tenant` of `$http_x_tenant`. */
export const variableOf = (name: string) => name.toLowerCase().replaceAll('-', '_');

function sampleOf(text: string): string | undefined {
  const known = SAMPLES[text];
  if (known !== undefined) return known;
  const [, kind, name = ''] =
    /^(?:req\.)?(hdr|fhdr|cook|url_param|urlp)\(([\w-]+)(?:,-?1)?\)$/.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const prefix = kind.endsWith('hdr') ? 'http' : kind === 'cook' ? 'cookie' : 'arg';
  return `$${prefix}_${kind === 'cook' || prefix === 'arg' ? name : variableOf(name)}`;
}

/** @returns undefined when something in it has no variable in moat */
export function moatValue(text: string): string | undefined {
  if (text.includes('$')) return undefined; // moat would read a variable
  let isKnown = true;
  const made = text.replace(
    /%(?:\[([^\]]*)\]|(%)|(\w+))/g,
    (_, sample?: string, percent?: string, alias = '') => {
      const value = sample !== undefined ? sampleOf(sample) : (percent ?? ALIASES[alias]);
      if (value === undefined) isKnown = false;
      return value ?? '';
    },
  );
  return isKnown ? made : undefined;
}
