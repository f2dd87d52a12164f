/** Backups: one encrypted file out, and the same file in, looked at before anything changes. */
import { useState } from 'react';
import { Ask, Card, type Deed, State, Table } from '../parts.tsx';
import type { RestoreItem, RestorePreview } from '../shapes.ts';
import { mayDo, useShared } from '../state.tsx';
import { DiffText } from './config-verdict.tsx';

export function SettingsPage() {
  const { say, who } = useShared();
  const [deed, ask] = useState<Deed>();
  if (!mayDo(who, 'admin')) return <p className="faint">{say('adminsOnly')}</p>;
  if (who.kind === 'token') return <p className="note warn">{say('backupSession')}</p>;
  return (
    <>
      <Backup ask={ask} />
      <Restore ask={ask} />
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

type AskOf = { readonly ask: (deed: Deed) => void };

/** Hands a file to the browser's downloads. */
function save(name: string, bytes: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function Backup({ ask }: AskOf) {
  const { api, say } = useShared();
  const make = () =>
    ask({
      ...{ title: say('makeBackup'), text: say('backupPassphrase'), button: say('download') },
      inputs: [
        { key: 'passphrase', label: say('passphrase'), first: '', type: 'password' },
        { key: 'again', label: say('passphraseAgain'), first: '', type: 'password' },
        {
          key: 'events',
          label: say('withEvents'),
          first: 'off',
          type: 'select',
          options: ['off', 'enabled'],
        },
      ],
      request: 'POST /api/v1/backup {"passphrase":"…","events":…}',
      act: async (_, { passphrase = '', again, events }) => {
        if (passphrase !== again) throw new Error(say('passphraseOther'));
        const { name, bytes } = await api.download('/backup', { passphrase, events: events === 'enabled' });
        save(name, bytes);
      },
    });
  return (
    <Card
      title={say('backupTitle')}
      more={
        <button type="button" onClick={make}>
          {say('makeBackup')}…
        </button>
      }
    >
      <p>{say('backupText')}</p>
    </Card>
  );
}

interface Looked {
  readonly id: string;
  readonly etag: string;
  readonly preview: RestorePreview;
}

function Restore({ ask }: AskOf) {
  const { api, say } = useShared();
  const [file, setFile] = useState<File>();
  const [looked, setLooked] = useState<Looked>();
  const [isDone, setDone] = useState(false);
  const look = () =>
    ask({
      ...{ title: say('lookAtBackup'), text: say('lookText'), button: say('lookAtBackup') },
      inputs: [{ key: 'passphrase', label: say('passphrase'), first: '', type: 'password' }],
      request: 'POST /api/v1/restore, POST /api/v1/restore/ID/preview {"passphrase":"…"}',
      act: async (_, { passphrase = '' }) => {
        if (!file) return;
        const { id } = await api.upload<{ readonly id: string }>('/restore', file);
        const said = await api.change<RestorePreview>('POST', `/restore/${id}/preview`, '*', { passphrase });
        setDone(false);
        setLooked({ id, etag: said.etag, preview: said.value });
      },
    });
  const restore = ({ id, etag }: Looked) =>
    ask({
      ...{ title: say('restore'), text: say('restoreText'), button: say('restore') },
      request: `POST /api/v1/restore/${id}/apply {}`,
      act: async () => {
        await api.change('POST', `/restore/${id}/apply`, etag, {});
        setLooked(undefined);
        setDone(true);
      },
    });
  return (
    <Card title={say('restoreTitle')}>
      <p>{say('restoreHint')}</p>
      <div className="buttons start">
        <label>
          {say('backupFile')}
          <input
            type="file"
            onChange={event => {
              setFile(event.target.files?.[0]);
              setLooked(undefined);
            }}
          />
        </label>
        <button type="button" disabled={!file} onClick={look}>
          {say('lookAtBackup')}…
        </button>
        {looked && looked.preview.faults.length === 0 && (
          <button type="button" className="main" onClick={() => restore(looked)}>
            {say('restore')}…
          </button>
        )}
      </div>
      {isDone && (
        <p className="note" role="status">
          {say('restored')}
        </p>
      )}
      {looked && <Preview preview={looked.preview} />}
    </Card>
  );
}

function Preview({ preview }: { preview: RestorePreview }) {
  const { say } = useShared();
  const { moat, host, createdMs, items, faults, missing, diff } = preview;
  const columns = [
    { title: say('part'), cell: (one: RestoreItem) => <State of={one.part} /> },
    { title: say('name'), cell: (one: RestoreItem) => <code>{one.name}</code> },
    { title: say('effect'), cell: (one: RestoreItem) => <State of={one.change} /> },
    { title: say('details'), cell: (one: RestoreItem) => one.detail },
  ];
  return (
    <>
      <p className="faint">
        {say('madeBy', { moat, host, at: new Date(createdMs).toLocaleString(say('lang')) })}
      </p>
      {[...faults, ...missing].map(one => (
        <p key={one} className="note bad">
          {one}
        </p>
      ))}
      <Table label={say('preview')} rows={items} columns={columns} keyOf={one => `${one.part} ${one.name}`} />
      {diff !== '' && <DiffText text={diff} />}
    </>
  );
}
