/** The text of a file: in the editor, which is fetched when it is first needed, or in a plain field where it cannot be had. */
import { useEffect, useState } from 'react';
import type { LanguageTables } from '../code/vocabulary.ts';
import type { Writing, WritingProps } from '../code/writing.tsx';
import { useAsked, useShared } from '../state.tsx';

export function ConfigText(props: Omit<WritingProps, 'tables'>) {
  const { say } = useShared();
  const Editor = useEditor();
  const { value: tables, fault } = useAsked<LanguageTables>('/config/language');
  if (Editor === 'none' || fault !== undefined) return <PlainText {...props} />;
  if (!Editor || !tables) return <p className="faint">{say('loading')}</p>;
  return <Editor tables={tables} {...props} />;
}

function PlainText({ path, text, change }: Pick<WritingProps, 'path' | 'text' | 'change'>) {
  const { say } = useShared();
  return (
    <>
      <p className="note warn">{say('noEditor')}</p>
      <textarea
        aria-label={path}
        spellCheck={false}
        value={text}
        rows={Math.min(26, text.split('\n').length + 2)}
        onChange={event => change(event.target.value)}
      />
    </>
  );
}

/** Undefined until it is there; `none`: it cannot be fetched, as after an update of the server. */
function useEditor(): typeof Writing | undefined | 'none' {
  const [editor, set] = useState<{ readonly Writing: typeof Writing } | 'none'>();
  useEffect(() => {
    import('../code/writing.tsx').then(set, () => set('none'));
  }, []);
  return editor === 'none' ? editor : editor?.Writing;
}
