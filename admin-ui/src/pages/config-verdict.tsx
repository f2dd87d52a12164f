/** What the check makes of changed files: faults with their place, and the difference. */
import type { Tried } from '../shapes.ts';
import { useShared } from '../state.tsx';

export type Fault = Tried['diagnostics'][number];

/** @param show brings the editor to a fault */
export function Verdict({ tried, show }: { readonly tried: Tried; readonly show: (fault: Fault) => void }) {
  const { say } = useShared();
  return (
    <>
      <ul className="plain" aria-label={say('faults')}>
        {tried.diagnostics.map(fault => (
          <li
            key={`${fault.file}:${fault.line}:${fault.column} ${fault.message}`}
            className={`note ${fault.severity === 'error' ? 'bad' : 'warn'}`}
          >
            <button type="button" className="place" title={say('goThere')} onClick={() => show(fault)}>
              {fault.file.split('/').at(-1)}:{fault.line}:{fault.column}
            </button>{' '}
            {fault.message}
            {fault.hint !== undefined && <small> {fault.hint}</small>}
          </li>
        ))}
      </ul>
      {tried.sound && <p className="note good">{say('sound')}</p>}
      {tried.diff !== '' && <DiffText text={tried.diff} />}
    </>
  );
}

export function DiffText({ text }: { readonly text: string }) {
  const { say } = useShared();
  let at = 0;
  const kindOf = (line: string) =>
    line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : line.startsWith('@') ? 'faint' : '';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
    <section className="diff" aria-label={say('difference')} tabIndex={0}>
      <pre>
        {text.split('\n').map(line => (
          <span key={at++} className={kindOf(line)}>
            {line}
            {'\n'}
          </span>
        ))}
      </pre>
    </section>
  );
}
