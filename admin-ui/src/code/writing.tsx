/** The editor with what the manual says of the directive in whose line the cursor stands. It is a chunk of its own, which no other screen loads. */
import { type ComponentProps, useId, useMemo, useState } from 'react';
import type { Config } from '../shapes.ts';
import { useShared } from '../state.tsx';
import { Area } from './area.tsx';
import { Documentation } from './documentation.tsx';
import { type Entry, type LanguageTables, Vocabulary } from './vocabulary.ts';

export interface WritingProps
  extends Pick<ComponentProps<typeof Area>, 'path' | 'text' | 'faults' | 'wanted' | 'change'> {
  readonly config: Config;
  readonly tables: LanguageTables;
}

export function Writing({ config, tables, path, ...rest }: WritingProps) {
  const { say, language } = useShared();
  const hint = useId();
  const [about, setAbout] = useState<Entry>();
  const vocabulary = useMemo(() => new Vocabulary(tables), [tables]);
  const roots = useRoots(config, path, vocabulary);
  return (
    <div className="writing">
      <div>
        <Area
          key={`${language} ${path} ${roots.join()}`}
          {...{ path, language, vocabulary, roots, hint, say, ...rest }}
          stand={setAbout}
        />
        <p className="faint keys" id={hint}>
          {say('editorKeys')}
        </p>
      </div>
      <aside aria-label={say('documentation')}>
        {about ? (
          <Documentation about={about} vocabulary={vocabulary} say={say} />
        ) : (
          <p className="faint">{say('noDirective')}</p>
        )}
      </aside>
    </div>
  );
}

/** Contexts in which the file begins, by what is in force; anything goes in one that nobody includes. */
function useRoots({ file, texts }: Config, path: string, vocabulary: Vocabulary): readonly string[] {
  const key = JSON.stringify(texts); // asked for again and again, and mostly the same
  // biome-ignore lint/correctness/useExhaustiveDependencies: key is the texts
  return useMemo(() => {
    const folder = file.slice(0, file.lastIndexOf('/'));
    return vocabulary.rootsOf(file, texts, folder).get(path) ?? Object.keys(vocabulary.tables.contexts);
  }, [file, key, path, vocabulary]);
}
