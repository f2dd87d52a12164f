/**
 * What a node may do by what it hears of the other one, pure: what holds and what happens give what holds next and what is to be done.
 *
 * Who is active has the right to it in one of two ways, of which one is enough:
 *
 * - *by the other node*, which has heard what was sent at `provenMs`: until `provenMs + timeout`. For that one promises not to take over
 *   before `timeout + slack` have gone since it heard it, which was later. So no clock need be set, whatever gets lost which way.
 * - *by the witness*, until `grantedUntilMs`, which is `slack` before the witness would grant it to somebody else.
 *
 * `slack` covers how long addresses outlive the right when the process that has them hangs, which each node says of itself (`fenceMs`), and
 * clocks that run unevenly (`driftMs`).
 *
 * ```
 *  event                                   │ done                                  │ next
 * ─────────────────────────────────────────┼───────────────────────────────────────┼────────────────────────────────
 *  beat                                    │                                       │ heard now; proven at its echo
 *  tick, apart: heard and proven of late   │ give the grant back; say `together`   │ together
 *  tick, together: silent, or long deaf    │ say `apart`                           │ apart
 *  tick, active, half of its right is gone │ ask the witness                       │ asking
 *  tick, backup, the promise is over       │ ask the witness                       │ asking
 *  tick, heir, half of its right is gone   │ ask the witness                       │ asking
 *  tick, granted, a third of it is gone    │ ask the witness (renew)               │ asking
 *  tick, granted, no part in any election  │ give the grant back                   │
 *  granted                                 │                                       │ granted until
 *  refused                                 │                                       │ asked again a little later
 *
 *  question             │ answer
 * ──────────────────────┼───────────────────────────────────────────────────────────────────────────────────────────────
 *  must it release?     │ there is a witness, and the right is over by both ways
 *  may it become active?│ heard of late: unless the other one is active, and if it has a right; else: if the witness has granted it,
 *                       │ or there is none (then VRRP has decided)
 *  both are active:     │ the one that is not heard, for the other one cannot know of it; else the one of the lesser priority
 *  who gives way?       │
 * ```
 */

export interface Rules {
  readonly timeoutMs: number;
  readonly driftMs: number;
  readonly hasWitness: boolean;
  /** So long after a refusal the witness is asked again. */
  readonly againMs: number;
}

export interface LinkState {
  /** When a fresh word came last; at first when this process was born, for an earlier life of it has made promises. */
  readonly heardMs: number;
  /** When the first word came after a silence. */
  readonly hearsSinceMs: number;
  /** When what the other one has heard last was sent; undefined: it has heard nothing. */
  readonly provenMs: number | undefined;
  readonly link: 'unmet' | 'together' | 'apart';
  /** Since when. */
  readonly sinceMs: number;
  readonly asking: boolean;
  readonly grantedUntilMs: number | undefined;
  readonly askFromMs: number;
  /** So long the addresses of the other node outlive its right to them, as it has said last. */
  readonly peerFenceMs: number;
  /** What the witness said last; undefined: it was not asked, or has granted it. */
  readonly refusal: string | undefined;
}

/** `heir`: a backup whose other node has said that it stops. */
export type Role = 'active' | 'heir' | 'backup' | 'none';

export type LinkEvent = { readonly nowMs: number } & (
  | { readonly kind: 'beat'; readonly echoMs: number | undefined; readonly fenceMs: number }
  | { readonly kind: 'tick'; readonly role: Role }
  | { readonly kind: 'granted'; readonly untilMs: number }
  /** `leftMs`: for so long somebody else has it yet; undefined: that is not known. */
  | { readonly kind: 'refused'; readonly reason: string; readonly leftMs?: number | undefined }
);

export type LinkEffect =
  | { readonly kind: 'ask' }
  | { readonly kind: 'give-back' }
  | { readonly kind: 'together'; readonly apartMs: number | undefined }
  | { readonly kind: 'apart'; readonly how: 'silent' | 'deaf' };

export const initialLink = (nowMs: number, peerFenceMs: number): LinkState => ({
  peerFenceMs,
  ...{ heardMs: nowMs, hearsSinceMs: nowMs, provenMs: undefined, link: 'unmet', sinceMs: nowMs },
  ...{ asking: false, grantedUntilMs: undefined, askFromMs: nowMs, refusal: undefined },
});

/** What ends at that moment there has certainly ended then. */
const LEAST_AGAIN_MS = 5;

type Step = readonly [LinkState, readonly LinkEffect[]];

export function stepLink(state: LinkState, event: LinkEvent, rules: Rules): Step {
  switch (event.kind) {
    case 'beat': {
      const { nowMs: heardMs, echoMs, fenceMs: peerFenceMs } = event;
      const hearsSinceMs = heardMs < state.heardMs + rules.timeoutMs ? state.hearsSinceMs : heardMs;
      const provenMs = later(state.provenMs, echoMs);
      return [{ ...state, heardMs, hearsSinceMs, provenMs, peerFenceMs }, []];
    }
    case 'tick':
      return onTick(state, event.nowMs, event.role, rules);
    case 'granted': {
      const askFromMs = event.nowMs + Math.max(0, event.untilMs - event.nowMs) / 3;
      return [{ ...state, asking: false, grantedUntilMs: event.untilMs, askFromMs, refusal: undefined }, []];
    }
    case 'refused': {
      const { nowMs, leftMs = rules.againMs } = event;
      const askFromMs = nowMs + Math.max(LEAST_AGAIN_MS, Math.min(leftMs, rules.againMs));
      return [{ ...state, asking: false, askFromMs, refusal: event.reason }, []];
    }
  }
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);

export const isHeard = ({ heardMs, link }: LinkState, { timeoutMs }: Rules, nowMs: number): boolean =>
  link !== 'unmet' && nowMs < heardMs + timeoutMs;
const isProven = ({ provenMs }: LinkState, { timeoutMs }: Rules, nowMs: number): boolean =>
  provenMs !== undefined && nowMs < provenMs + timeoutMs;
export const isGranted = ({ grantedUntilMs }: LinkState, nowMs: number): boolean =>
  grantedUntilMs !== undefined && nowMs < grantedUntilMs;
/** The other one is heard, and has had time to say that it hears this node, but does not. */
export const isUnheard = (state: LinkState, rules: Rules, nowMs: number): boolean =>
  isHeard(state, rules, nowMs) &&
  nowMs >= state.hearsSinceMs + rules.timeoutMs &&
  !isProven(state, rules, nowMs);
/** Until then the other one may rely on this node's promise. */
const promisedUntilMs = ({ heardMs, peerFenceMs }: LinkState, { timeoutMs, driftMs }: Rules): number =>
  heardMs + timeoutMs + driftMs + peerFenceMs;
const isPromised = (state: LinkState, rules: Rules, nowMs: number): boolean =>
  nowMs < promisedUntilMs(state, rules);

/** @returns when the right to the addresses ends, or has ended; undefined: nobody can take it away, or it never was */
export function rightEndsMs(
  { provenMs, grantedUntilMs }: LinkState,
  { hasWitness, timeoutMs }: Rules,
): number | undefined {
  if (!hasWitness) return undefined;
  return later(provenMs === undefined ? undefined : provenMs + timeoutMs, grantedUntilMs);
}

/**
 * An active node asks at its regular ticks: between them what was proven is older by the way of the other one's answer.
 *
 * @returns when a tick is wanted that is not a regular one; undefined: it is not
 */
export function nextTickMs(state: LinkState, role: Role, rules: Rules, nowMs: number): number | undefined {
  if (!rules.hasWitness || role === 'none') return undefined;
  const { askFromMs, asking } = state;
  const asksMs = asking ? [] : [promisedUntilMs(state, rules), askFromMs];
  const ends = rightEndsMs(state, rules) ?? nowMs;
  const due = [ends, ...(role === 'active' ? [] : asksMs)].filter(ms => ms > nowMs);
  return due.length === 0 ? undefined : Math.min(...due);
}

function onTick(before: LinkState, nowMs: number, role: Role, rules: Rules): Step {
  const [met, said] = meet(before, nowMs, rules);
  const needs = needsWitness(met, nowMs, role, rules);
  if (!needs && met.grantedUntilMs !== undefined)
    return [{ ...met, grantedUntilMs: undefined, askFromMs: nowMs }, [...said, { kind: 'give-back' }]];
  if (!needs || met.asking || nowMs < met.askFromMs) return [met, said];
  return [{ ...met, asking: true }, [...said, { kind: 'ask' }]];
}

function meet(state: LinkState, nowMs: number, rules: Rules): Step {
  const { timeoutMs } = rules;
  const { heardMs, provenMs = 0, link } = state;
  const isSilent = nowMs >= heardMs + timeoutMs;
  if (link !== 'together') {
    if (isSilent || !isProven(state, rules, nowMs)) return [state, []];
    const apartMs = link === 'apart' ? nowMs - state.sinceMs : undefined;
    return [{ ...state, link: 'together', sinceMs: nowMs }, [{ kind: 'together', apartMs }]];
  }
  // What was proven is always older than what was heard: a silence would look like deafness at first.
  if (!isSilent && nowMs < provenMs + 2 * timeoutMs) return [state, []];
  const how = isSilent ? 'silent' : 'deaf';
  return [{ ...state, link: 'apart', sinceMs: nowMs }, [{ kind: 'apart', how }]];
}

function needsWitness(state: LinkState, nowMs: number, role: Role, rules: Rules): boolean {
  if (!rules.hasWitness || role === 'none') return false;
  const { provenMs } = state;
  // Nobody relies on the promise to one that has stopped, and its heir is active in a moment.
  if (role === 'active' || role === 'heir')
    return provenMs === undefined || nowMs >= provenMs + rules.timeoutMs / 2;
  return !isProven(state, rules, nowMs) && !isPromised(state, rules, nowMs);
}

/** @returns why the addresses must be given up now; undefined: they may be held */
export function mustRelease(state: LinkState, rules: Rules, nowMs: number): string | undefined {
  if (!rules.hasWitness || isProven(state, rules, nowMs) || isGranted(state, nowMs)) return undefined;
  const { refusal } = state;
  return `the other node does not say that it hears this one, and the witness has not granted it${refusal ? `: ${refusal}` : ''}`;
}

/** What the other one says of an instance; undefined: nothing was heard of it yet. */
export type PeerSays = 'active' | 'other' | undefined;

/** @returns why an instance must not become active now; undefined: it may */
export function barredBy(state: LinkState, rules: Rules, nowMs: number, says: PeerSays): string | undefined {
  if (isHeard(state, rules, nowMs) && says === 'active')
    return 'the other node says by another path that it is active';
  if (!rules.hasWitness || isGranted(state, nowMs)) return undefined;
  if (isHeard(state, rules, nowMs) && says === 'other' && isProven(state, rules, nowMs)) return undefined;
  if (isPromised(state, rules, nowMs)) return 'the other node may still be active';
  return mustRelease(state, rules, nowMs) ?? 'the witness has not granted it';
}
