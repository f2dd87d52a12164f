/** What looks like false alarms in the recorded events, by rule, path and parameter. */
import type { WafEvent } from '#model/waf-event.ts';
import { isScoring, type Proposal, proposalFor } from './exclusion.ts';

export interface Finding {
  readonly proposal: Proposal;
  readonly message: string;
  readonly events: number;
  readonly clients: number;
  /** Events in which no other rule scored. */
  readonly alone: number;
  readonly sample: string;
  /** Many clients who trip over one rule in one place, and over nothing else, are users; a single one may be anybody. */
  readonly confidence: 'high' | 'medium' | 'low';
}

interface Group {
  proposal: Proposal;
  message: string;
  events: number;
  alone: number;
  sample: string;
  clients: Set<string>;
}

const HIGH = { clients: 5, aloneShare: 0.9 };
const MEDIUM = { clients: 2, aloneShare: 0.5 };

function confidenceOf({ clients, alone, events }: Group): Finding['confidence'] {
  const holds = (bar: typeof HIGH) => clients.size >= bar.clients && alone / events >= bar.aloneShare;
  if (holds(HIGH)) return 'high';
  return holds(MEDIUM) ? 'medium' : 'low';
}

/** @returns the most frequent first */
export function findings(events: readonly WafEvent[]): Finding[] {
  const groups = new Map<string, Group>();
  for (const { rules, path, clientAddress } of events) {
    const scoring = rules.filter(isScoring);
    for (const { id, message, matches } of scoring) {
      const [first] = matches;
      if (!first) continue;
      const proposal = proposalFor(id, path, first.variable);
      const group = groups.get(proposal.line) ?? {
        proposal,
        message,
        events: 0,
        alone: 0,
        sample: first.value,
        clients: new Set<string>(),
      };
      group.events++;
      group.alone += scoring.length === 1 ? 1 : 0;
      group.clients.add(clientAddress);
      groups.set(proposal.line, group);
    }
  }
  return [...groups.values()]
    .map(group => ({ ...group, clients: group.clients.size, confidence: confidenceOf(group) }))
    .sort((a, b) => b.events - a.events);
}
