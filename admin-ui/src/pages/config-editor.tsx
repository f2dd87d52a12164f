/** A file of the configuration to be changed: checked while it is written, shown as a difference, brought into force with a way back. */
import { useEffect, useState } from 'react';
import { Card, type Deed } from '../parts.tsx';
import type { Config, Tried } from '../shapes.ts';
import { useShared } from '../state.tsx';

const CHECK_AFTER_MS = 400;
const CONFIRM_S = 60;

interface EditorProps {
  readonly config: Config;
  readonly etag: string;
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

export function Editor({ config, etag, ask, again }: EditorProps) {
  const { api, say } = useShared();
  const [path, setPath] = useState(config.file);
  /** Undefined: nothing was changed, and what comes into force is shown. */
  const [text, setText] = useState<string>();
  const [message, setMessage] = useState('');
  const inForce = config.texts.find(one => one.path === path)?.text ?? '';
  const tried = useTried(path, text);
  const files = [{ path, text: text ?? '' }];
  const apply = () =>
    ask({
      ...{ title: say('applyTitle'), text: say('applyText'), button: say('apply') },
      request: 'POST /api/v1/config/apply {"files":[…],"message":"…","confirmS":…}',
      input: { label: say('confirmWithin'), first: String(CONFIRM_S), type: 'number' },
      act: async seconds => {
        await api.change('POST', '/config/apply', etag, { files, message, confirmS: Number(seconds) });
        setText(undefined);
        setMessage('');
        again();
      },
    });
  const choice = config.texts.length > 1 && (
    <select
      aria-label={say('file')}
      value={path}
      onChange={event => {
        setPath(event.target.value);
        setText(undefined);
      }}
    >
      {config.texts.map(one => (
        <option key={one.path}>{one.path}</option>
      ))}
    </select>
  );
  return (
    <Card title={path} more={choice}>
      <textarea
        aria-label={path}
        spellCheck={false}
        value={text ?? inForce}
        rows={Math.min(26, inForce.split('\n').length + 2)}
        onChange={event => setText(event.target.value)}
      />
      <p className="faint">{say('hiddenSecrets')}</p>
      {text !== undefined && tried && <Verdict tried={tried} />}
      {text !== undefined && (
        <>
          <label>
            {say('message')}
            <input value={message} onChange={event => setMessage(event.target.value)} />
          </label>
          <div className="buttons">
            <button type="button" onClick={() => setText(undefined)}>
              {say('discard')}
            </button>
            <button
              type="button"
              className="main"
              disabled={!tried?.sound || message.trim() === ''}
              onClick={apply}
            >
              {say('apply')}…
            </button>
          </div>
        </>
      )}
    </Card>
  );
}

/** What the node makes of the text, a moment after the last key. */
function useTried(path: string, text: string | undefined): Tried | undefined {
  const { api } = useShared();
  const [tried, setTried] = useState<Tried>();
  useEffect(() => {
    setTried(undefined);
    if (text === undefined) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const said = await api
        .change<Tried>('POST', '/config/validate', '*', { files: [{ path, text }] })
        .catch(() => undefined);
      if (!isOver) setTried(said?.value);
    }, CHECK_AFTER_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, path, text]);
  return tried;
}

function Verdict({ tried }: { readonly tried: Tried }) {
  const { say } = useShared();
  return (
    <>
      <ul className="plain" aria-label={say('faults')}>
        {tried.diagnostics.map(({ severity, file, line, column, message, hint }) => (
          <li
            key={`${file}:${line}:${column} ${message}`}
            className={`note ${severity === 'error' ? 'bad' : 'warn'}`}
          >
            <code>
              {file.split('/').at(-1)}:{line}:{column}
            </code>{' '}
            {message}
            {hint !== undefined && <small> {hint}</small>}
          </li>
        ))}
      </ul>
      {tried.sound && <p className="note good">{say('sound')}</p>}
      {tried.diff !== '' && <DiffText text={tried.diff} />}
    </>
  );
}

export function DiffText({ text }: { readonly text: string }) {
  let at = 0;
  const kindOf = (line: string) =>
    line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : line.startsWith('@') ? 'faint' : '';
  return (
    <pre className="diff">
      {text.split('\n').map(line => (
        <span key={at++} className={kindOf(line)}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
