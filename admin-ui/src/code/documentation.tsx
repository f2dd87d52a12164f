/** What the manual says of a directive, of a word of its line, or of a variable. */
import type { Say } from '../state.tsx';
import type { Entry, Variable, Vocabulary, Word } from './vocabulary.ts';

interface Props {
  readonly about: Entry | Word | Variable;
  readonly vocabulary: Vocabulary;
  readonly say: Say;
}

/** The manual is in English, whatever the console speaks. */
export function Documentation({ about, vocabulary, say }: Props) {
  return (
    <div className="manual" lang="en">
      {'syntax' in about ? (
        <DirectiveText entry={about} vocabulary={vocabulary} say={say} />
      ) : 'standing' in about ? (
        <p>
          <code>{about.name}</code> {textOf(about)}
        </p>
      ) : (
        <p>
          <code>${about.name}</code> {about.text}
        </p>
      )}
    </div>
  );
}

/** What the manual has between backticks. */
function marked(text: string) {
  let parts = 0;
  return text.split('`').map(part => (parts++ % 2 === 0 ? part : <code key={parts}>{part}</code>));
}

const textOf = ({ says, text }: Word): string => [says, text].filter(Boolean).join('; ');

function DirectiveText({ entry, vocabulary, say }: Omit<Props, 'about'> & { readonly entry: Entry }) {
  const told = entry.words.filter(word => textOf(word) !== '');
  return (
    <>
      <p>
        <code className="syntax">{entry.syntax}</code>
      </p>
      <p>{marked(entry.summary)}</p>
      {told.length > 0 && (
        <ul>
          {told.map(word => (
            <li key={word.name}>
              <code>{word.name}</code> {marked(textOf(word))}
            </li>
          ))}
        </ul>
      )}
      {entry.differs && <p>{marked(entry.differs)}</p>}
      <dl>
        {entry.default && (
          <>
            <dt lang={say('lang')}>{say('docDefault')}</dt>
            <dd>
              <code>{entry.default}</code>
            </dd>
          </>
        )}
        <dt lang={say('lang')}>{say('docContext')}</dt>
        <dd>{entry.context.map(one => vocabulary.contextName(one)).join(', ')}</dd>
        <dt lang={say('lang')}>{say('docExample')}</dt>
        <dd>
          <code>{entry.example}</code>
        </dd>
      </dl>
    </>
  );
}
