/** The configuration: what is in force, what waits to be confirmed, what another text would change, and every one that was. */
import { useState } from 'react';
import { Ask, Card, type Deed, Sheet, State, Table } from '../parts.tsx';
import type { Config, Diff, Page, Revision } from '../shapes.ts';
import { mayDo, useAsked, useNowMs, useShared } from '../state.tsx';
import { CanaryNote } from './config-canary.tsx';
import { Editor } from './config-editor.tsx';
import { DiffText } from './config-verdict.tsx';

const EVERY_MS = 3000;
const CONFIRM_S = 60;

export function ConfigPage() {
  const { say, who } = useShared();
  return mayDo(who, 'admin') ? <Configuration /> : <p className="faint">{say('adminOnly')}</p>;
}

function Configuration() {
  const { say } = useShared();
  const [deed, ask] = useState<Deed>();
  const { value, etag = '', fault, again } = useAsked<Config>('/config', EVERY_MS);
  if (!value) return <p className={fault === undefined ? 'faint' : 'note bad'}>{fault ?? say('loading')}</p>;
  return (
    <>
      <Waiting config={value} etag={etag} again={again} />
      <CanaryNote config={value} etag={etag} again={again} />
      {value.drift.length > 0 && (
        <p className="note warn">{say('drift', { files: value.drift.join(', ') })}</p>
      )}
      {value.fault !== undefined && <p className="note warn">{say('noHistory', { why: value.fault })}</p>}
      <Editor config={value} etag={etag} ask={ask} again={again} />
      <Revisions now={value} etag={etag} ask={ask} again={again} />
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

interface PartProps {
  readonly config: Config;
  /** Of what was seen: who changes something else meanwhile is not overruled. */
  readonly etag: string;
  readonly again: () => void;
}

/** What goes back by itself, and how long that takes still. */
function Waiting({ config, etag, again }: PartProps) {
  const { api, say } = useShared();
  const nowMs = useNowMs();
  const [fault, setFault] = useState<string>();
  const { unconfirmed } = config;
  if (!unconfirmed) return null;
  const end = (path: string) =>
    void api.change('POST', path, etag, path.endsWith('rollback') ? {} : undefined).then(
      () => again(),
      reason => setFault((reason as Error).message),
    );
  const seconds = Math.max(0, Math.ceil((unconfirmed.deadlineMs - nowMs) / 1000));
  return (
    <div className="note warn waiting" role="status">
      <span>{say('unconfirmed', { who: unconfirmed.who, n: seconds })}</span>
      <span className="row-buttons">
        <button type="button" onClick={() => end('/config/rollback')}>
          {say('goBack')}
        </button>
        <button type="button" className="main" onClick={() => end('/config/confirm')}>
          {say('keep')}
        </button>
      </span>
      {fault !== undefined && <span role="alert">{fault}</span>}
    </div>
  );
}

interface RevisionsProps {
  readonly now: Config;
  readonly etag: string;
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

function Revisions({ now, etag, ask, again }: RevisionsProps) {
  const { api, say } = useShared();
  const [diff, setDiff] = useState<{ readonly title: string; readonly text: string }>();
  const { value, fault } = useAsked<Page<Revision>>('/config/revisions?limit=100', EVERY_MS);
  const compare = async ({ id }: Revision) => {
    const said = await api.get<Diff>(`/config/diff?from=${id}&to=force`);
    setDiff({ title: say('diffTitle', { id }), text: said.value.diff || say('noDifference') });
  };
  const rollBack = ({ id }: Revision) =>
    ask({
      ...{ title: say('rollbackTitle', { id }), text: say('rollbackText'), button: say('rollback') },
      request: `POST /api/v1/config/rollback {"id":${id},"confirmS":…}`,
      input: { label: say('confirmWithin'), first: String(CONFIRM_S), type: 'number' },
      act: seconds =>
        api.change('POST', '/config/rollback', etag, { id, confirmS: Number(seconds) }).then(again),
    });
  const columns = [
    { title: '#', cell: (one: Revision) => one.id, isNumber: true },
    { title: say('time'), cell: (one: Revision) => new Date(one.atMs).toLocaleString(say('lang')) },
    { title: say('author'), cell: (one: Revision) => one.who },
    { title: say('cause'), cell: (one: Revision) => <State of={one.why} /> },
    { title: say('message'), cell: (one: Revision) => <span className="cut">{one.message}</span> },
    {
      title: say('actions'),
      cell: (one: Revision) =>
        one.id === now.id ? (
          <span className="good">{say('inForce')}</span>
        ) : (
          <span className="row-buttons">
            <button
              type="button"
              aria-label={`${say('difference')} ${one.id}`}
              onClick={() => void compare(one)}
            >
              {say('difference')}
            </button>
            <button type="button" aria-label={`${say('rollback')} ${one.id}`} onClick={() => rollBack(one)}>
              {say('rollback')}…
            </button>
          </span>
        ),
    },
  ];
  return (
    <Card title={say('history')}>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && (
        <Table label={say('history')} rows={value.items} columns={columns} keyOf={one => String(one.id)} />
      )}
      {diff && (
        <Sheet title={diff.title} close={() => setDiff(undefined)}>
          <DiffText text={diff.text} />
        </Sheet>
      )}
    </Card>
  );
}
