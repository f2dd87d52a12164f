/** What looks like false alarms in the recorded events, by rule, place, path and parameter. */
import { type LearnedFact, type LearnedKind, learnedPlace, type WafEvent } from '#model/waf-event.ts';
import { decisive, isScoring, type Proposal, proposalOf, type Spared, sparedBy } from './exclusion.ts';
import { commonPaths } from './paths.ts';

/** Many clients who trip over one rule in one thing, and over nothing else, are users; a single one may be anybody. */
export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface Finding {
  /** A line for each path, or one for what the paths have in common. */
  readonly proposals: readonly Proposal[];
  readonly message: string;
  readonly events: number;
  /** Those that behave like scanners are left out. */
  readonly clients: number;
  /** Events in which no other rule scored but for what is a finding of high confidence itself. */
  readonly alone: number;
  /** Events in which rules scored in this one thing only. */
  readonly sole: number;
  /** What was learned of the thing. */
  readonly learned: LearnedFact | undefined;
  readonly sample: string;
  readonly confidence: Confidence;
  /** One of its events: it leads to the location. */
  readonly example: WafEvent;
}

/** A rule that matched in one thing of one event. */
interface Hit {
  readonly group: string;
  readonly rule: number;
  readonly thing: string;
  /** It is about a method, a media type or a host. */
  readonly isProperty: boolean;
}

interface Group {
  readonly key: string;
  readonly spared: Spared;
  readonly isProperty: boolean;
  readonly message: string;
  readonly sample: string;
  readonly events: WafEvent[];
  readonly learned: LearnedFact | undefined;
}

/** Tools that look for holes name themselves, try all kinds of attacks, or try them on everything. */
const SCANNER_TAG = /reputation-scanner/;
const SCANNER_RULES = 15;
const SCANNER_THINGS = 5;

function scannersOf(events: readonly WafEvent[]): Set<string> {
  const scanners = new Set<string>();
  for (const [client, own] of Map.groupBy(events, ({ clientAddress }) => clientAddress)) {
    const rules = own.flatMap(event => event.rules.filter(isScoring));
    const things = rules.flatMap(({ id, matches }) =>
      matches.flatMap(({ variable }) => namedIn(id, variable, own[0]!)),
    );
    const isOne =
      new Set(rules.map(({ id }) => id)).size >= SCANNER_RULES ||
      new Set(things).size >= SCANNER_THINGS ||
      rules.some(({ tags }) => tags.some(tag => SCANNER_TAG.test(tag)));
    if (isOne) scanners.add(client);
  }
  return scanners;
}

/** Fields do not count: a rule about fields may tell of all that a request has. */
function namedIn(rule: number, variable: string, event: WafEvent): string[] {
  const { named } = sparedBy(rule, variable, event);
  return named && named.kind !== 'header' ? [`${named.kind} ${named.name}`] : [];
}

class Tuning {
  readonly groups = new Map<string, Group>();
  readonly #hits = new Map<WafEvent, readonly Hit[]>();
  readonly #facts: ReadonlyMap<string, LearnedFact>;
  readonly #scanners: Set<string>;
  /** Groups of high confidence: what is left of an event is judged without them. */
  readonly #settled = new Set<string>();

  constructor(events: readonly WafEvent[], facts: readonly LearnedFact[]) {
    this.#facts = new Map(facts.map(fact => [factKey(fact.place, fact.kind, fact.value), fact]));
    this.#scanners = scannersOf(events);
    for (const event of events) this.#hits.set(event, this.#read(event));
  }

  /** To be called until nothing changes: each finding of high confidence makes others stand out. */
  settle(): boolean {
    const before = this.#settled.size;
    for (const group of this.groups.values())
      if (this.finding(group).confidence === 'high') this.#settled.add(group.key);
    return this.#settled.size > before;
  }

  finding({ key, spared, isProperty, message, sample, events, learned }: Group): Finding {
    const honest = events.filter(({ clientAddress }) => !this.#scanners.has(clientAddress));
    const thing = JSON.stringify([spared.property, spared.named]);
    const alone = honest.filter(event => this.#others(event, key).every(hit => hit.rule === spared.rule));
    const sole = honest.filter(event => this.#others(event, key).every(hit => hit.thing === thing));
    const paths = isProperty ? [undefined] : commonPaths(new Set(events.map(({ path }) => path)));
    return {
      proposals: paths.map(path => proposalOf(spared, path)),
      message,
      events: events.length,
      clients: clientsOf(honest),
      alone: alone.length,
      sole: sole.length,
      learned,
      sample,
      confidence: confidenceOf({ honest, alone, sole, isProperty, learned }),
      example: events[0]!,
    };
  }

  /** What else scored in the event; what is about the request's properties says nothing of what a client wrote. */
  #others(event: WafEvent, key: string): Hit[] {
    const isOther = (hit: Hit) => hit.group !== key && !hit.isProperty && !this.#settled.has(hit.group);
    return this.#hits.get(event)!.filter(isOther);
  }

  #read(event: WafEvent): Hit[] {
    const hits = new Map<string, Hit>();
    const place = learnedPlace(event.server, event.location);
    for (const rule of event.rules.filter(isScoring)) {
      const { id, message } = rule;
      for (const { variable, value } of decisive(rule)) {
        const spared = sparedBy(id, variable, event);
        const isProperty = Object.keys(spared.property).length > 0;
        const thing = JSON.stringify([spared.property, spared.named]);
        const key = `${place}\0${id}\0${thing}`;
        if (hits.has(key)) continue;
        hits.set(key, { group: key, rule: id, thing, isProperty });
        const learned = this.#factOf(place, spared);
        const group = this.groups.get(key) ?? {
          key,
          spared,
          isProperty,
          message,
          sample: value,
          events: [],
          learned,
        };
        group.events.push(event);
        this.groups.set(key, group);
      }
    }
    return [...hits.values()];
  }

  #factOf(place: string, { property, named }: Spared): LearnedFact | undefined {
    const [kind, value] = (named ? [named.kind, named.name] : (Object.entries(property)[0] ?? [])) as [
      LearnedKind | undefined,
      string | undefined,
    ];
    return kind && value !== undefined ? this.#facts.get(factKey(place, kind, value)) : undefined;
  }
}

const factKey = (place: string, kind: LearnedKind, value: string): string =>
  `${place}\0${kind}\0${kind === 'header' || kind === 'cookie' ? value.toLowerCase() : value}`;

/** Of what was let through, the server itself refused most: no loss to anybody. */
function wasRefusedByServer(events: readonly WafEvent[]): boolean {
  const passed = events.filter(({ action, status }) => action !== 'block' && status > 0);
  return passed.length > 0 && passed.filter(({ status }) => status < 400).length * 2 < passed.length;
}

const clientsOf = (events: readonly WafEvent[]): number =>
  new Set(events.map(({ clientAddress }) => clientAddress)).size;

interface Evidence {
  /** Events of clients that do not behave like scanners. */
  readonly honest: readonly WafEvent[];
  readonly alone: readonly WafEvent[];
  readonly sole: readonly WafEvent[];
  readonly isProperty: boolean;
  readonly learned: LearnedFact | undefined;
}

const HIGH_CLIENTS = 5;
const MEDIUM_CLIENTS = 2;
/** Of the events, those that say nothing of other rules or things. */
const CLEAR_SHARE = 0.5;
/** A thing of which so many values trip over rules is of that kind: a text with markup, a piece of code. */
const USUAL_SHARE = 0.2;
/** One in a thousand is what an attack on a busy field looks like. */
const RARE_SHARE = 0.001;

function confidenceOf({ honest, alone, sole, isProperty, learned }: Evidence): Confidence {
  if (honest.length === 0 || wasRefusedByServer(honest)) return 'low';
  const flaggedShare = learned && learned.requests > 0 ? learned.flagged / learned.requests : undefined;
  const isUsual = flaggedShare !== undefined && flaggedShare >= USUAL_SHARE;
  const isRare = !isProperty && flaggedShare !== undefined && flaggedShare < RARE_SHARE;
  const isClear = (events: readonly WafEvent[], clients: number): boolean =>
    clientsOf(events) >= clients && events.length >= honest.length * CLEAR_SHARE;
  if (!isRare && (isClear(alone, HIGH_CLIENTS) || (isUsual && isClear(sole, HIGH_CLIENTS)))) return 'high';
  return isClear(alone, MEDIUM_CLIENTS) || isClear(sole, MEDIUM_CLIENTS) ? 'medium' : 'low';
}

/** @param facts what was learned of the places, if anything @returns the most certain first, the more frequent before others */
export function findings(events: readonly WafEvent[], facts: readonly LearnedFact[] = []): Finding[] {
  const tuning = new Tuning(events, facts);
  while (tuning.settle());
  return [...tuning.groups.values()]
    .map(group => tuning.finding(group))
    .sort(
      (a, b) => CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) || b.events - a.events,
    );
}
