/** What of the metrics is told, and to whom. */
import { CHANNELS, SEVERITIES } from '#model/api.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { readSecretText } from '../secret-text.ts';

const MOST_RULES = 64;
const MOST_CHANNELS = 16;

function numberIn(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,12}(\.\d{1,9})?$/.test(text)) throw new ArgumentFault(`${what} "${text}" is no number`);
  return Number(text);
}

const alert = defineDirective({
  name: 'alert',
  context: ['api'],
  repeats: true,
  args: {
    name: arg.text('a name'),
    off: arg.word(),
    metric: arg.text('a metric').param(),
    above: arg.text('a number').param(),
    below: arg.text('a number').param(),
    clear: arg.text('a number').param(),
    for: arg.durationMs().param(),
    severity: arg.oneOf(SEVERITIES).param(),
  },
  doc: {
    summary:
      'Raises an alert when a metric is above or below a bound for a while, and resolves it when it is back. Of the default rules (docs/reference/api.md lists them) one of the same name is replaced.',
    args: {
      name: 'Letters, digits and dashes.',
      off: 'The default rule of this name is not wanted.',
      metric: 'As GET /api/v1/metrics lists it; without its labels all of that name, each by itself.',
      above: 'It is bad above this.',
      below: 'It is bad below this.',
      clear:
        'It is good again when it is not beyond this; the bound itself if absent. Apart from the bound it keeps an alert from flapping.',
      for: 'How long it has to be bad; 0 if absent.',
      severity: 'warning if absent.',
    },
    default: 'the default rules',
    example: 'alert many-requests metric=http_requests_per_second above=5000 clear=4000 for=1m;',
    since: '0.1',
  },
  compile(args, scope) {
    const { name, off, metric, severity = 'warning' } = args;
    if (!/^[a-z\d][a-z\d-]{0,63}$/i.test(name))
      throw new ArgumentFault(`"${name}" is no name`, 'take letters, digits and dashes');
    const { alerts, alertsOff } = scope.api;
    if (alerts.some(one => one.name === name) || alertsOff.includes(name))
      throw new ArgumentFault(`there is an alert "${name}" already`);
    if (off) return void alertsOff.push(name);
    const [above, below] = [numberIn(args.above, 'above'), numberIn(args.below, 'below')];
    const bound = above ?? below;
    if (metric === undefined || bound === undefined || (above !== undefined && below !== undefined))
      throw new ArgumentFault(
        'an alert has a metric, and a bound',
        'write metric=NAME and above=N or below=N',
      );
    const side = above === undefined ? 'below' : 'above';
    const clear = numberIn(args.clear, 'clear') ?? bound;
    if (side === 'above' ? clear > bound : clear < bound)
      throw new ArgumentFault(`clear=${clear} is beyond the bound ${bound}: it would never be over`);
    if (alerts.length === MOST_RULES) throw new ArgumentFault(`there are ${MOST_RULES} alerts already`);
    alerts.push({ name, metric, side, bound, clear, forMs: args.for ?? 0, severity });
  },
});

const MAIL = /^[\x21-\x3b\x3d\x3f-\x7e]{1,64}@[\w.-]{1,253}$/;

const notify = defineDirective({
  name: 'notify',
  context: ['api'],
  repeats: true,
  args: {
    channel: arg.oneOf(CHANNELS),
    url: arg.token('a URL'),
    secret: arg.token('TEXT or file:PATH').param().secret(),
    from: arg.text('an address').param(),
    to: arg.text('addresses').param(),
    user: arg.text('a name').param(),
    password: arg.token('TEXT or file:PATH').param().secret(),
  },
  doc: {
    summary:
      'Tells alerts, when they are raised and when they are over, to a program by HTTP (JSON), by mail, or in a chat.',
    args: {
      channel: 'The form of what is sent.',
      url: 'Of the robot or the program, or file:PATH with it; of smtp smtp://HOST:PORT (STARTTLS where the server has it) or smtps://HOST:PORT.',
      secret: 'That of a robot that wants signatures: feishu, dingtalk.',
      from: 'Of smtp: the sender.',
      to: 'Of smtp: receivers, with commas between.',
      user: 'Of smtp: who logs in. It is said over TLS only.',
      password: 'Of that user.',
    },
    default: 'nobody is told; the console and the API show alerts',
    example: 'notify smtp smtp://mail.example.org:587 from=moat@example.org to=ops@example.org;',
    since: '0.1',
  },
  compile(args, scope) {
    const { channel } = args;
    if (scope.api.notify.length === MOST_CHANNELS)
      throw new ArgumentFault(`more than ${MOST_CHANNELS} channels`);
    const url = readSecretText(args.url, scope);
    const schemes = channel === 'smtp' ? ['smtp:', 'smtps:'] : ['http:', 'https:'];
    if (!URL.canParse(url) || !schemes.includes(new URL(url).protocol) || new URL(url).username !== '')
      throw new ArgumentFault(
        `this is no address of ${channel}`,
        `write ${schemes.map(scheme => `${scheme}//HOST`).join(' or ')}, without a user`,
        args.url,
      );
    const to = args.to?.split(',') ?? [];
    const addresses = [...to, ...(args.from === undefined ? [] : [args.from])];
    const odd = addresses.find(one => !MAIL.test(one));
    if (odd !== undefined) throw new ArgumentFault(`"${odd}" is no address of mail`);
    if (channel === 'smtp' ? to.length === 0 || args.from === undefined : addresses.length > 0)
      throw new ArgumentFault('from and to belong to smtp, which needs both');
    if ((args.user === undefined) !== (args.password === undefined))
      throw new ArgumentFault('user and password go together');
    scope.api.notify.push({
      ...{ channel, url, from: args.from, to, user: args.user },
      secret: args.secret && readSecretText(args.secret, scope),
      password: args.password && readSecretText(args.password, scope),
    });
  },
});

export const ALERTS: readonly Directive[] = [alert, notify];
