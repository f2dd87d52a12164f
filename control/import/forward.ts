/** What LVS's words for forwarding and scheduling are in moat. */
import { SCHEDULERS } from '#model/l4/scheduler.ts';
import type { Remarks, Words } from './outcome.ts';

const INSTEAD: Readonly<Record<string, string>> = {
  fo: 'moat has no such scheduler: give the second server weight=0 or make it the sorry_server',
  ovf: 'moat has no such scheduler: upper= on the first servers does the same under wlc',
};

/** The directive for a scheduler; LVS's own default when there is none. */
export function schedulerLine(name: string, flags: readonly string[], line: number, remarks: Remarks): Words {
  const known = SCHEDULERS.find(scheduler => scheduler === name);
  if (!known) {
    remarks.changed(line, `scheduler ${name} became wlc: ${INSTEAD[name] ?? 'moat does not know it'}`);
    return ['scheduler', 'wlc'];
  }
  const port = flags.some(flag => flag === `${known}-port`);
  for (const flag of flags) {
    if (flag.endsWith('-fallback')) continue; // moat never keeps a client at a server that takes nothing
    if (flag !== `${known}-port`) remarks.dropped(line, `flag ${flag} of the scheduler`);
  }
  return port && (known === 'sh' || known === 'mh') ? ['scheduler', known, 'port'] : ['scheduler', known];
}

/** In `dr` and `tun` the port cannot change, so real servers are written without one. */
export function realPort(
  mode: string,
  port: string,
  ports: readonly string[],
  line: number,
  remarks: Remarks,
): string {
  if (mode !== 'dr' && mode !== 'tun') return port;
  if (Number(port) !== 0 && !ports.every(one => one === port))
    remarks.changed(
      line,
      `the port ${port} is left out: mode ${mode} cannot change the one that the client asked for`,
    );
  return '0';
}
