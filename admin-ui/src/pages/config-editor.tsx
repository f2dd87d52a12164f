/** Files of the configuration to be changed: checked while they are written, shown as a difference, brought into force with a way back. */
import { useEffect, useMemo, useState } from 'react';
import { Card, type Deed } from '../parts.tsx';
import type { Config, Tried } from '../shapes.ts';
import { useShared } from '../state.tsx';
import { canaryFields, canaryOf } from './config-canary.tsx';
import { ConfigText } from './config-text.tsx';
import { type Fault, Verdict } from './config-verdict.tsx';

const CHECK_AFTER_MS = 400;
const CONFIRM_S = 60;

interface EditorProps {
  readonly config: Config;
  readonly etag: string;
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

/** Path → what is to stand there, of the files that are changed. */
type Drafts = Readonly<Record<string, string>>;

export function Editor({ config, etag, ask, again }: EditorProps) {
  const { api, say } = useShared();
  const [path, setPath] = useState(config.file);
  const [drafts, setDrafts] = useState<Drafts>({});
  const [message, setMessage] = useState('');
  const [wanted, setWanted] = useState<{ readonly fault: Fault }>();
  /** Of the configuration that the drafts began with: what others bring into force meanwhile is not overruled unseen. */
  const [seen, setSeen] = useState(etag);
  const files = useMemo(() => Object.entries(drafts).map(([path, text]) => ({ path, text })), [drafts]);
  const tried = useTried(files);
  const inForce = config.texts.find(one => one.path === path)?.text ?? '';
  const faults = useMemo(
    () => (files.length === 0 ? [] : tried?.diagnostics.filter(({ file }) => file === path)),
    [files, tried, path],
  );
  const change = (text: string) => {
    if (files.length === 0) setSeen(etag);
    setDrafts(was => withDraft(was, path, text, inForce));
  };
  const lookAgain = () => {
    setSeen(etag);
    setDrafts(was => ({ ...was })); // what they would change is another thing now
  };
  const show = (fault: Fault) => {
    if (config.texts.some(one => one.path === fault.file)) setPath(fault.file);
    setWanted({ fault });
  };
  const apply = () =>
    ask({
      ...{ title: say('applyTitle'), text: say('applyText'), button: say('apply') },
      request: 'POST /api/v1/config/apply {"files":[…],"message":"…","confirmS":…,"canary":{…}}',
      input: { label: say('confirmWithin'), first: String(CONFIRM_S), type: 'number' },
      inputs: canaryFields(say),
      act: async (seconds, all) => {
        const how = { confirmS: Number(seconds), ...canaryOf(all) };
        await api.change('POST', '/config/apply', seen, { files, message, ...how });
        setDrafts({});
        setMessage('');
        again();
      },
    });
  return (
    <Card title={path} more={<FileChoice config={config} drafts={drafts} path={path} choose={setPath} />}>
      <ConfigText
        {...{ config, path, faults, change }}
        text={drafts[path] ?? inForce}
        wanted={wanted?.fault.file === path ? wanted : undefined}
      />
      <p className="faint">{say('hiddenSecrets')}</p>
      {files.length > 0 && (
        <>
          {seen !== etag && (
            <p className="note warn" role="status">
              {say('changedMeanwhile')}{' '}
              <button type="button" onClick={lookAgain}>
                {say('lookAgain')}
              </button>
            </p>
          )}
          {tried ? <Verdict tried={tried} show={show} /> : <p className="faint">{say('checking')}</p>}
          <label>
            {say('message')}
            <input value={message} onChange={event => setMessage(event.target.value)} />
          </label>
          <div className="buttons">
            <button type="button" onClick={() => setDrafts({})}>
              {say('discard')}
            </button>
            <button
              type="button"
              className="main"
              disabled={!tried?.sound || message.trim() === '' || seen !== etag}
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

/** What is as it is in force is no draft. */
function withDraft(drafts: Drafts, path: string, text: string, inForce: string): Drafts {
  const { [path]: _, ...rest } = drafts;
  return text === inForce ? rest : { ...rest, [path]: text };
}

interface ChoiceProps {
  readonly config: Config;
  readonly drafts: Drafts;
  readonly path: string;
  readonly choose: (path: string) => void;
}

/** Files of the configuration; a dot is before those that are changed. */
function FileChoice({ config, drafts, path, choose }: ChoiceProps) {
  const { say } = useShared();
  if (config.texts.length < 2) return null;
  return (
    <select aria-label={say('file')} value={path} onChange={event => choose(event.target.value)}>
      {config.texts.map(one => (
        <option key={one.path} value={one.path}>
          {one.path in drafts ? '● ' : ''}
          {one.path}
        </option>
      ))}
    </select>
  );
}

/** What the node makes of the files, a moment after the last key. */
function useTried(files: Config['texts']): Tried | undefined {
  const { api } = useShared();
  const [tried, setTried] = useState<Tried>();
  useEffect(() => {
    setTried(undefined);
    if (files.length === 0) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const said = await api.change<Tried>('POST', '/config/validate', '*', { files }).catch(() => undefined);
      if (!isOver) setTried(said?.value);
    }, CHECK_AFTER_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, files]);
  return tried;
}
