/** dns-01: the program that writes and removes TXT records. */
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';

const TIMEOUT_MS = 60_000;
const LEAST_MS = 100;
const MOST_MS = 3_600_000;

const hook = defineDirective({
  name: 'dns_hook',
  context: ['acme_issuer'],
  args: {
    command: arg.text('an absolute path, and arguments').rest(),
    user: arg.text('a user').param(),
    timeout: arg.durationMs().param(),
    wait: arg.durationMs().param(),
  },
  doc: {
    summary:
      'The program of dns-01. It is run without a shell, once for each name with MOAT_ACME_ACTION=present and once afterwards with cleanup; its environment has MOAT_ACME_DOMAIN, MOAT_ACME_NAME (the name of the TXT record, _acme-challenge...) and MOAT_ACME_VALUE (its text). Several records of one name must stand beside each other. It is to end when the name servers answer with the record; another code than 0 ends the order.',
    args: {
      command: 'The absolute path of the program, and its arguments.',
      user: 'Who runs it, when moat is started as root; nobody if absent.',
      timeout: 'After this it is ended, and all that it has started; 60s if absent.',
      wait: 'How long to wait after it, for name servers that take their time; 0 if absent.',
    },
    example: 'dns_hook /usr/local/bin/acme-dns user=acme timeout=2m wait=10s;',
    since: '0.1',
  },
  compile({ command, user = 'nobody', timeout = TIMEOUT_MS, wait = 0 }, scope) {
    if (!command[0]!.startsWith('/')) throw new ArgumentFault(`"${command[0]}" is not an absolute path`);
    if (timeout < LEAST_MS || timeout > MOST_MS || wait > MOST_MS)
      throw new ArgumentFault('the time is out of range', 'take up to an hour');
    scope.acmeIssuer.own.hook = { command, user, timeoutMs: timeout, waitMs: wait };
  },
});

export const ACME_DNS: readonly Directive[] = [hook];
