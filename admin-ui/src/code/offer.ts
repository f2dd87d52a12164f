/** What may be written at a place: names of directives that may stand there, and words of the directive that one is in. */
import type { Place } from './place.ts';
import type { Entry, Variable, Vocabulary, Word } from './vocabulary.ts';

export interface Offer {
  readonly label: string;
  /** What is written; the label if absent. */
  readonly writes?: string;
  readonly kind: 'directive' | 'block' | 'value' | 'parameter' | 'variable';
  /** In a few words, beside it. */
  readonly note: string;
  readonly about: Entry | Word | Variable;
}

export interface Offered {
  /** Where what is written begins. */
  readonly from: number;
  readonly offers: readonly Offer[];
}

/** @param roots contexts in which the file begins */
export function offersAt(
  place: Place,
  vocabulary: Vocabulary,
  roots: readonly string[],
): Offered | undefined {
  if (place.isComment) return undefined;
  const contexts = vocabulary.inside(roots, place.blocks);
  const [name] = place.words;
  const dollar = /\$\{?\w*$/.exec(place.typed);
  if (name !== undefined && dollar)
    return {
      from: place.from + dollar.index,
      offers: variableOffers(vocabulary, dollar[0].startsWith('${')),
    };
  if (place.quote !== '') return undefined;
  if (name === undefined) return { from: place.from, offers: vocabulary.allowed(contexts).map(offerOf) };
  const entry = vocabulary.find(contexts, name);
  return entry && wordOffers(place, entry);
}

const offerOf = (entry: Entry): Offer => ({
  ...{ label: entry.name, kind: entry.block === undefined ? 'directive' : 'block' },
  writes: entry.name + (entry.words.length > 0 ? ' ' : entry.block === undefined ? ';' : ' {'),
  ...{ note: entry.syntax.slice(entry.name.length).trim().replace(/;$/, ''), about: entry },
});

const variableOffers = ({ tables }: Vocabulary, isBraced: boolean): Offer[] =>
  tables.variables.map(about => {
    const label = isBraced ? `\${${about.name}` : `$${about.name}`;
    const writes = isBraced && !about.isFamily ? `${label}}` : label;
    return { label, writes, kind: 'variable', note: about.isFamily ? '…' : '', about };
  });

const isNamed = ({ standing }: Word): boolean => standing === 'param' || standing === 'word';

/** As words fall to their arguments when a line is read: the needed ones first, then names anywhere. */
function wordOffers({ words, from, typed }: Place, entry: Entry): Offered | undefined {
  const places = entry.words.filter(word => !isNamed(word));
  const needed = places.filter(({ standing }) => standing === 'one').length;
  const named = entry.words.filter(isNamed);
  const keyOf = (text: string) => text.split('=', 1)[0]!;
  const used = new Set<string>();
  let at = 0;
  for (const text of words.slice(1)) {
    if (at >= needed && named.some(({ name }) => name === keyOf(text))) used.add(keyOf(text));
    else if (places[at]?.standing !== 'rest') at++;
  }
  const param = named.find(one => one.standing === 'param' && typed.startsWith(`${one.name}=`));
  if (param) return { from: from + param.name.length + 1, offers: param.choices.map(value(param)) };
  const now = places[at];
  const free = at >= needed ? named.filter(({ name }) => !used.has(name)) : [];
  const offers = [...(now?.choices.map(value(now)) ?? []), ...free.map(parameter)];
  return offers.length > 0 ? { from, offers } : undefined;
}

const value =
  (about: Word) =>
  (label: string): Offer => ({ label, kind: 'value', note: about.name, about });

const parameter = (about: Word): Offer => ({
  label: about.standing === 'param' ? `${about.name}=` : about.name,
  ...{ kind: 'parameter', note: about.says, about },
});
