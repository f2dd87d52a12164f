/** What of the network concerns the L4 tier as a whole: the kernel's own filters, and what they see of it. */
import type { Finding } from '../host/finding.ts';
import { addressFindings } from './addresses.ts';
import { interfaceFindings } from './interfaces.ts';
import type { Looked, Machine } from './machine.ts';
import { realServerFindings } from './real-servers.ts';

export function networkFindings(looked: Looked): Finding[] {
  const { machine } = looked;
  return [
    ...bridges(machine),
    ...conntrack(machine),
    ...interfaceFindings(looked),
    ...addressFindings(looked),
    ...realServerFindings(looked),
  ];
}

/** Frames of a bridge pass through iptables then, which knows nothing of connections that the program carries. */
function bridges({ setting }: Machine): Finding[] {
  if (setting(['net', 'bridge', 'bridge-nf-call-iptables']) !== '1') return [];
  return [
    {
      level: 'warning',
      what: 'frames on bridges pass through iptables, which may drop what the L4 tier forwards',
      remedy: 'sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0',
    },
  ];
}

/** A table that is nearly full drops what the kernel itself carries: checks of real servers, VRRP over unicast, the console. */
const NEARLY_FULL = 0.9;

function conntrack({ setting }: Machine): Finding[] {
  const most = Number(setting(['net', 'netfilter', 'nf_conntrack_max']));
  const count = Number(setting(['net', 'netfilter', 'nf_conntrack_count']));
  if (!(most > 0)) return [];
  if (count > most * NEARLY_FULL)
    return [
      {
        level: 'warning',
        what: `conntrack holds ${count} of ${most} connections: when it is full, checks of real servers and all that is for this host itself are dropped`,
        remedy: `sysctl -w net.netfilter.nf_conntrack_max=${most * 2}`,
      },
    ];
  return [
    {
      level: 'fine',
      what: 'conntrack and the rules of nftables and iptables see nothing of what the L4 tier forwards: deny, allow and limit of the l4 block do that work',
    },
  ];
}
