/** challenge: pages for whose browser has worked or waited. */
import type { ChallengeSettings } from '#model/l7/challenge.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

const LEAST_SECRET = 16;

const challenge = defineDirective({
  name: 'challenge',
  context: BLOCKS,
  args: {
    when: arg.template('off, on or a variable').optional(),
    in_flight: arg.integer({ min: 1 }).param(),
    strict: arg.word(),
  },
  doc: {
    summary:
      'Shows a page to browsers that ask for one, which lets them in after some work in JavaScript, or without it after a while: who comes without a browser stays out. Nobody else is asked. What proves it is a signed cookie, bound to the network of the client (/24, /48 of IPv6) and its User-Agent.',
    args: {
      when: '`on`, `off`, or a variable that is neither empty, 0 nor `off` where it is on: a map of paths, countries, agents.',
      in_flight: 'On, too, while all workers together have more requests under way than this.',
      strict:
        'What is no navigation (another method than GET and HEAD, a script or picture of a page) is refused with 403 without the cookie; else it passes.',
    },
    default: 'challenge off;',
    example: 'challenge in_flight=500;',
    since: '0.1',
  },
  compile({ when, in_flight, strict }, scope) {
    if (typeof when === 'string' && when !== 'on' && when !== 'off')
      throw new ArgumentFault(`"${when}" is neither on nor off`, 'write on, off or a variable');
    if (when === undefined && in_flight === undefined)
      throw new ArgumentFault('does not say when', 'write challenge on or challenge in_flight=N');
    scope.set('challenge', { when: when ?? 'off', inFlight: in_flight, strict: strict === true });
  },
});

const cookie = defineDirective({
  name: 'challenge_cookie',
  context: BLOCKS,
  args: { name: arg.text('a name'), lifetime: arg.durationMs().optional() },
  doc: {
    summary: 'The cookie that lets in, and for how long.',
    default: 'challenge_cookie moat_challenge 1d;',
    example: 'challenge_cookie seen 12h;',
    since: '0.1',
  },
  compile({ name, lifetime }, scope) {
    if (!/^[\w-]{1,64}$/.test(name)) throw new ArgumentFault(`"${name}" cannot be the name of a cookie`);
    const lifetimeMs = lifetime ?? scope.own.challenge?.lifetimeMs;
    scope.set('challenge', {
      cookie: name.toLowerCase(),
      ...(lifetimeMs !== undefined && { lifetimeMs }),
    } satisfies Partial<ChallengeSettings>);
  },
});

const wait = defineDirective({
  name: 'challenge_wait',
  context: BLOCKS,
  args: { time: arg.text('a time or off') },
  doc: {
    summary:
      'How long a browser without JavaScript waits before the page lets it in; it comes back by itself. `off` lets nobody in without JavaScript.',
    default: 'challenge_wait 5s;',
    example: 'challenge_wait off;',
    since: '0.1',
  },
  compile({ time }, scope) {
    const seconds = /^(\d{1,3})s?$/.exec(time)?.[1];
    if (time !== 'off' && (seconds === undefined || Number(seconds) < 1 || Number(seconds) > 300))
      throw new ArgumentFault(`"${time}" is no time to wait`, 'write 1s to 300s, or off');
    scope.set('challenge', { waitMs: seconds === undefined ? undefined : Number(seconds) * 1000 });
  },
});

const bot = defineDirective({
  name: 'challenge_bot',
  context: BLOCKS,
  repeats: true,
  args: { agent: arg.text('a part of User-Agent'), domains: arg.text('a domain').rest(1) },
  doc: {
    summary:
      'A crawler that is let in: its User-Agent contains this, the name of its address lies in one of the domains, and that name has the address. Asked for by the `resolver`, or by the name servers of this machine.',
    example: 'challenge_bot Googlebot googlebot.com google.com;',
    since: '0.1',
  },
  compile({ agent, domains }, scope) {
    const names = domains.map(domain => domain.toLowerCase().replace(/^\.|\.$/g, ''));
    for (const name of names)
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name))
        throw new ArgumentFault(`"${name}" is no domain`, 'write it as in googlebot.com');
    scope.append('challenge', 'bots', { agent: agent.toLowerCase(), domains: names });
  },
});

const exempt = defineDirective({
  name: 'challenge_exempt',
  context: BLOCKS,
  repeats: true,
  args: { paths: arg.text('what a path begins with').rest(1) },
  doc: {
    summary: 'Paths that are let in without: interfaces, health checks, feeds.',
    example: 'challenge_exempt /api/ /.well-known/;',
    since: '0.1',
  },
  compile({ paths }, scope) {
    for (const path of paths) {
      if (!path.startsWith('/')) throw new ArgumentFault(`the path "${path}" does not begin with /`);
      scope.append('challenge', 'exempt', path);
    }
  },
});

const secret = defineDirective({
  name: 'challenge_secret',
  context: BLOCKS,
  args: { secret: arg.text('a secret').secret() },
  doc: {
    summary:
      'What cookies are signed with, for several moats that are to accept those of each other. Without it each draws its own, which holds until the program ends.',
    example: 'challenge_secret 0b6ef8a5c1f94e7d;',
    since: '0.1',
  },
  compile({ secret }, scope) {
    if (secret.length < LEAST_SECRET)
      throw new ArgumentFault('the secret is too short', `take ${LEAST_SECRET} characters or more`);
    scope.set('challenge', { secret });
  },
});

export const CHALLENGE: readonly Directive[] = [
  challenge,
  defineSetting('challenge_bits', BLOCKS, 'challenge', 'bits', arg.integer({ min: 4, max: 26 }), {
    summary:
      'How hard the work is: a SHA-256 with so many leading zero bits has to be found. 16 take a telephone well under a second; each bit more doubles it.',
    default: 'challenge_bits 16;',
    example: 'challenge_bits 18;',
  }),
  cookie,
  wait,
  bot,
  exempt,
  secret,
];
