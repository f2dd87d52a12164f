/** Who has changed what, the newest first. What was said came from people and programs, and is shown as text. */
import { useEffect, useState } from 'react';
import { Card, Sheet, Table } from '../parts.tsx';
import type { AuditEntry, Page } from '../shapes.ts';
import { mayDo, useShared } from '../state.tsx';

const PAGE = 100;

export function AuditPage() {
  const { say, who } = useShared();
  return mayDo(who, 'admin') ? <Entries /> : <p className="faint">{say('adminsOnly')}</p>;
}

function Entries() {
  const { api, say } = useShared();
  const [items, setItems] = useState<readonly AuditEntry[]>();
  const [next, setNext] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [open, setOpen] = useState<AuditEntry>();
  const read = (cursor?: string) =>
    api
      .get<Page<AuditEntry>>(`/audit?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
      .then(
        ({ value }) => {
          setItems(before => [...(cursor ? (before ?? []) : []), ...value.items]);
          setNext(value.next);
        },
        (reason: Error) => setFault(reason.message),
      );
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => void read(), [api]);
  const columns = [
    { title: say('time'), cell: (one: AuditEntry) => new Date(one.at).toLocaleString(say('lang')) },
    { title: say('author'), cell: (one: AuditEntry) => one.who },
    { title: say('address'), cell: (one: AuditEntry) => <code>{one.from ?? ''}</code> },
    { title: say('what'), cell: (one: AuditEntry) => <code>{one.what}</code> },
    {
      title: say('outcome'),
      cell: (one: AuditEntry) =>
        one.fault === undefined ? (
          <span className="good">{say('didIt')}</span>
        ) : (
          <span className="bad cut">{one.fault}</span>
        ),
    },
    {
      title: say('details'),
      cell: (one: AuditEntry) => (
        <button
          type="button"
          aria-label={`${say('details')} ${one.what} ${one.at}`}
          onClick={() => setOpen(one)}
        >
          {say('details')}
        </button>
      ),
    },
  ];
  return (
    <Card
      title={say('audit')}
      more={
        <button type="button" onClick={() => void read()}>
          {say('refresh')}
        </button>
      }
    >
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {items && <Table label={say('audit')} rows={items} columns={columns} keyOf={one => one.id} />}
      {next !== undefined && (
        <div className="buttons">
          <button type="button" onClick={() => void read(next)}>
            {say('older')}
          </button>
        </div>
      )}
      {open && (
        <Sheet title={`${open.what} · ${open.who}`} close={() => setOpen(undefined)}>
          <Part title={say('wished')} value={open.wish} />
          <Part title={say('before')} value={open.before} />
          <Part title={say('after')} value={open.after} />
        </Sheet>
      )}
    </Card>
  );
}

function Part({ title, value }: { title: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  return (
    <>
      <h3>{title}</h3>
      <pre>{typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}</pre>
    </>
  );
}
