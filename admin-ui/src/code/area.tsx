/** The editor itself: CodeMirror with our language. */
import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, type Extension, Transaction } from '@codemirror/state';
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Tried } from '../shapes.ts';
import type { Language } from '../state.tsx';
import { spanOf } from './faults.ts';
import { directiveAt, goTo, type Help, helpOf } from './help.tsx';
import { languageOf } from './language.ts';
import { LOOK } from './look.ts';
import { PHRASES_ZH } from './phrases.ts';
import type { Entry } from './vocabulary.ts';

type Fault = Tried['diagnostics'][number];

interface AreaProps extends Help {
  readonly path: string;
  readonly text: string;
  readonly language: Language;
  /** Of this file; undefined: not known yet. */
  readonly faults: readonly Fault[] | undefined;
  /** Where the cursor is to go; another object each time. */
  readonly wanted: { readonly fault: Fault } | undefined;
  /** Id of what says how it is left. */
  readonly hint: string;
  readonly change: (text: string) => void;
  readonly stand: (directive: Entry | undefined) => void;
}

/** A change that came from outside is not told back. */
const fromOutside = Annotation.define<boolean>();
const STAND_AFTER_MS = 120;

/** Drawn anew (by its key) for another file or language. */
export function Area(props: AreaProps) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const last = useRef(props);
  last.current = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; what changes later reaches it below
  useEffect(() => {
    const { text } = props;
    const state = EditorState.create({ doc: text, extensions: extensionsOf(props, last) });
    const made = new EditorView({ state, parent: frame.current! });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    if (view.current) takeText(view.current, props.text);
  }, [props.text]);
  useEffect(() => {
    if (view.current && props.faults) showFaults(view.current, props.faults);
  }, [props.faults]);
  useEffect(() => {
    const { current } = view;
    if (current && props.wanted) goTo(current, spanOf(linesOf(current.state), props.wanted.fault).from);
  }, [props.wanted]);
  return <div ref={frame} className="code" />;
}

function extensionsOf({ path, language, hint, ...help }: AreaProps, last: { current: AreaProps }): Extension {
  return [
    // the bytes of a file stay what they are: a CR is shown, and no end of a line
    EditorState.lineSeparator.of('\n'),
    EditorView.cspNonce.of(nonce()),
    EditorView.contentAttributes.of({
      ...{ 'aria-label': path, 'aria-describedby': hint, spellcheck: 'false' },
      tabindex: '0', // it is reached by keys anyway; said for who only reads attributes
    }),
    language === 'zh' ? EditorState.phrases.of(PHRASES_ZH) : [],
    ...[lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), highlightSpecialChars()],
    ...[history(), indentOnInput(), bracketMatching(), closeBrackets(), lintGutter()],
    ...[search({ top: true }), highlightSelectionMatches(), EditorState.tabSize.of(4)],
    ...[languageOf(help.vocabulary, help.roots), helpOf(help), LOOK],
    keymap.of([
      ...[...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap],
      ...[...completionKeymap, ...lintKeymap, indentWithTab],
    ]),
    EditorView.updateListener.of(({ docChanged, transactions, state }) => {
      if (docChanged && !transactions.some(one => one.annotation(fromOutside)))
        last.current.change(state.doc.toString());
    }),
    replacesLines,
    tellsPlace(help, last),
  ];
}

/**
 * What is typed over several lines is put there by us. Left to itself, chromium joins the lines with styles of its own making, which the
 * policy refuses; and the editor would only read from the outcome what was meant.
 */
const replacesLines = EditorView.domEventHandlers({
  beforeinput({ inputType, data, isComposing }, { state, dispatch, composing }) {
    const { from, to } = state.selection.main;
    const isOneLine = state.doc.lineAt(from).to >= to;
    if (inputType !== 'insertText' || data === null || isComposing || composing || isOneLine) return false;
    dispatch(state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

/** Of each answer another one; counts for styles alone. */
const nonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';

/** The directive in whose line the cursor stands, a moment after it came there. */
function tellsPlace(help: Help, last: { current: AreaProps }): Extension {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return EditorView.updateListener.of(({ docChanged, selectionSet, view }) => {
    if (!docChanged && !selectionSet) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { doc, selection } = view.state;
      last.current.stand(directiveAt(doc.toString(), selection.main.head, help));
    }, STAND_AFTER_MS);
  });
}

function takeText(view: EditorView, text: string): void {
  const { doc } = view.state;
  if (doc.toString() === text) return;
  view.dispatch({
    changes: { from: 0, to: doc.length, insert: text },
    annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)],
  });
}

const linesOf = (state: EditorState): string[] => state.doc.toString().split('\n');

function showFaults(view: EditorView, faults: readonly Fault[]): void {
  const lines = linesOf(view.state);
  const shown = faults.map(
    (fault): Diagnostic => ({
      ...spanOf(lines, fault),
      ...{ severity: fault.severity, source: fault.code },
      message: fault.hint === undefined ? fault.message : `${fault.message}\n${fault.hint}`,
    }),
  );
  view.dispatch(setDiagnostics(view.state, shown));
}
