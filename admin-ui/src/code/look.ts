/** How the editor looks: by the colours of the console, which change with its theme. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, monospace';
const FRAME = { border: '1px solid var(--edge)', borderRadius: '8px' };

const theme = EditorView.theme({
  '&': {
    ...{ '--name': '#0b4f9e', '--text-value': '#0b6b4f', '--variable': '#7a35b5', '--number': '#8a3b00' },
    ...{ '--parameter': '#8c2f6b', '--selected': '#bcd9f7', '--line-now': '#0b4f9e0d', '--hit': '#ffe08a' },
    ...{ ...FRAME, fontSize: '12.5px', backgroundColor: 'var(--ground)', color: 'var(--text)' },
  },
  '[data-theme=dark] &': {
    ...{ '--name': '#7db4ff', '--text-value': '#5fdcae', '--variable': '#d2a8ff', '--number': '#ffb77c' },
    ...{ '--parameter': '#f2a8d0', '--selected': '#24507d', '--line-now': '#7db4ff12', '--hit': '#7a5a00' },
  },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: MONO, lineHeight: '1.6', maxHeight: '62vh', minHeight: '220px' },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--ground)', color: 'var(--faint)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--line-now)' },
  '.cm-activeLineGutter': { color: 'var(--text)' },
  '.cm-content ::selection, .cm-line::selection': { backgroundColor: 'var(--selected)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    ...{ backgroundColor: 'var(--selected)', color: 'inherit' },
  },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': {
    ...{ backgroundColor: 'var(--bad-ground)', color: 'var(--bad)' },
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--line-now)', outline: '1px solid var(--edge)' },
  '.cm-searchMatch': { backgroundColor: 'var(--hit)', color: 'inherit' },
  '.cm-searchMatch-selected': { outline: '2px solid var(--focus)' },
  '.cm-panels': { backgroundColor: 'var(--card)', color: 'var(--text)', borderColor: 'var(--edge)' },
  '.cm-panel.cm-search': { padding: '8px 28px 8px 8px' },
  '.cm-panel.cm-search label': { display: 'inline-flex', gap: '4px', alignItems: 'center', margin: '0 6px' },
  '.cm-panel.cm-search [name=close]': { fontSize: '18px', padding: '0 8px', border: 'none' },
  '.cm-textfield': { ...FRAME, width: 'auto', backgroundColor: 'var(--ground)', color: 'inherit' },
  '.cm-button': { ...FRAME, backgroundImage: 'none', backgroundColor: 'var(--card)', color: 'inherit' },
  '.cm-tooltip': { ...FRAME, backgroundColor: 'var(--card)', color: 'var(--text)' },
  '.cm-tooltip .cm-completionInfo, .cm-tooltip.cm-completionInfo': {
    ...{ width: '420px', maxWidth: '44vw', maxHeight: '320px', overflow: 'auto', padding: '10px 12px' },
  },
  '.cm-tooltip-hover': { maxWidth: '480px', maxHeight: '340px', overflow: 'auto' },
  '.cm-tooltip-hover .manual': { padding: '8px 12px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: MONO, maxHeight: '16em', minWidth: '260px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px', display: 'flex', gap: '10px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    ...{ backgroundColor: 'var(--main)', color: 'var(--main-text)' },
  },
  '.cm-completionDetail': {
    ...{ marginLeft: 'auto', fontStyle: 'normal', color: 'var(--faint)', maxWidth: '280px' },
    ...{ overflow: 'hidden', textOverflow: 'ellipsis' },
  },
  '[aria-selected] > .cm-completionDetail': { color: 'inherit' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-diagnostic': { padding: '6px 10px', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-panel.cm-panel-lint ul [aria-selected]': { backgroundColor: 'var(--side-now)', color: '#fff' },
  '.cm-specialChar': { color: 'var(--bad)' },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--name)', fontWeight: '600' },
  { tag: tags.controlKeyword, color: 'var(--main)', fontWeight: '700' },
  { tag: tags.string, color: 'var(--text-value)' },
  { tag: tags.variableName, color: 'var(--variable)' },
  { tag: tags.number, color: 'var(--number)' },
  { tag: tags.attributeName, color: 'var(--parameter)' },
  { tag: tags.comment, color: 'var(--faint)', fontStyle: 'italic' },
  { tag: tags.punctuation, color: 'var(--faint)' },
]);

export const LOOK = [theme, syntaxHighlighting(colours)];
