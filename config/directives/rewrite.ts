/** Directives of the rewrite module. */
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';

const returns = defineDirective({
  name: 'return',
  context: ['server', 'location', 'server-if', 'location-if'],
  repeats: true,
  args: { status: arg.token('a status or a URL'), text: arg.token('a text or a URL').optional() },
  doc: { summary: 'Answers at once.', example: 'return 301 https://$host$request_uri;', since: '0.1' },
  compile({ status, text }, scope) {
    const isUrl = /^(https?:\/\/|\$scheme)/.test(status.text);
    const code = isUrl && !text ? 302 : /^\d{1,3}$/.test(status.text) ? Number(status.text) : undefined;
    if (code === undefined || code > 999) throw new ArgumentFault(`invalid return code "${status.text}"`);
    const body = isUrl ? status : text;
    scope.location.rewrite.push({
      step: 'return',
      status: code,
      text: body && scope.template(body.text, body),
    });
  },
});

export const REWRITE = [returns];
