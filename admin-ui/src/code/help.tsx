/** Completion and documentation where one stands, from the tables of the language. */
import {
  autocompletion,
  type Completion,
  type CompletionSource,
  startCompletion,
} from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import { type EditorView, hoverTooltip } from '@codemirror/view';
import { createRoot } from 'react-dom/client';
import type { Say } from '../state.tsx';
import { Documentation } from './documentation.tsx';
import { type Offer, offersAt } from './offer.ts';
import { placeAt } from './place.ts';
import type { Entry, Variable, Vocabulary, Word } from './vocabulary.ts';

export interface Help {
  readonly vocabulary: Vocabulary;
  readonly roots: readonly string[];
  readonly say: Say;
}

type About = Entry | Word | Variable;

export const helpOf = (help: Help): Extension => [
  autocompletion({ override: [sourceOf(help)], icons: false }),
  hoverTooltip((view, pos) => {
    const found = hovered(view.state.doc.toString(), pos, help);
    return found && { pos: found.from, end: found.to, above: true, create: () => shown(found.about, help) };
  }),
];

const sourceOf =
  (help: Help): CompletionSource =>
  ({ state, pos, explicit }) => {
    const place = placeAt(state.doc.toString(), pos);
    if (!explicit && place.typed === '' && place.words.length === 0) return null;
    const offered = offersAt(place, help.vocabulary, help.roots);
    if (!offered) return null;
    const options = offered.offers.map(offer => completionOf(offer, help));
    return { from: offered.from, options, validFor: /^[\w.=-]*$|^\$\{?\w*$/ };
  };

function completionOf({ label, writes = label, kind, note, about }: Offer, help: Help): Completion {
  const goesOn = writes.endsWith(' ') || writes.endsWith('=');
  return {
    ...{ label, type: kind, detail: note, info: () => shown(about, help) },
    apply(view, _, from, to) {
      view.dispatch({
        ...{ changes: { from, to, insert: writes }, selection: { anchor: from + writes.length } },
        ...{ userEvent: 'input.complete', scrollIntoView: true },
      });
      if (goesOn) startCompletion(view);
    },
  };
}

function shown(about: About, { vocabulary, say }: Help) {
  const dom = document.createElement('div');
  const root = createRoot(dom);
  root.render(<Documentation about={about} vocabulary={vocabulary} say={say} />);
  return { dom, destroy: () => void setTimeout(() => root.unmount()) }; // not while React draws
}

/** The directive in which somebody stands, or behind it: the first one of his line. */
export function directiveAt(text: string, at: number, help: Help): Entry | undefined {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const first = start + /^[ \t]*/.exec(text.slice(start, at))![0].length;
  return entryAt(text, at, help) ?? entryAt(text, first, help);
}

function entryAt(text: string, at: number, { vocabulary, roots }: Help): Entry | undefined {
  const { words, blocks, from } = placeAt(text, at);
  const name = words[0] ?? wordAt(text, from);
  return vocabulary.find(vocabulary.inside(roots, blocks), name);
}

const wordAt = (text: string, from: number): string => /^[^\s;{}"']*/.exec(text.slice(from, from + 200))![0];

interface Hovered {
  readonly from: number;
  readonly to: number;
  readonly about: About;
}

function hovered(text: string, at: number, help: Help): Hovered | null {
  const { vocabulary, roots } = help;
  const { words, blocks, from, isComment, typed } = placeAt(text, at);
  if (isComment) return null;
  const word = wordAt(text, from);
  const variable = [...word.matchAll(/\$\{?(\w+)\}?/g)].find(
    one => from + one.index <= at && at <= from + one.index + one[0].length,
  );
  if (variable) {
    const about = vocabulary.variable(variable[1]!);
    const start = from + variable.index;
    return about ? { from: start, to: start + variable[0].length, about } : null;
  }
  if (word === '' || (typed === '' && text[at - 1]?.trim() === '' && text[at]?.trim() === '')) return null;
  const contexts = vocabulary.inside(roots, blocks);
  const entry = vocabulary.find(contexts, words[0] ?? word);
  const key = word.split('=', 1)[0]!;
  const about = words.length === 0 ? entry : entry?.words.find(({ name }) => name === key);
  return about ? { from, to: from + (words.length === 0 ? word : key).length, about } : null;
}

/** A place of the server's, as a selection in sight. */
export function goTo(view: EditorView, from: number): void {
  view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
  view.focus();
}
