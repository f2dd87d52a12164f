/** Lines of logs as they come, and those before, by field. What strangers sent is shown as text, and no more of it is kept than is shown. */
import { useEffect, useMemo, useState } from 'react';
import type { Api } from '../api.ts';
import { Card, Sheet, Table } from '../parts.tsx';
import type { LogFile, LogLine, LogLines } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';

const MOST_KEPT = 1000;
const PAGE = 200;
const AGAIN_MS = 2000;
const CONDITIONS = ['status', 'client', 'path', 'host', 'requestId', 'level', 'text'] as const;
type Conditions = Readonly<Partial<Record<(typeof CONDITIONS)[number], string>>>;
const OF_KIND: Readonly<Record<string, readonly (typeof CONDITIONS)[number][]>> = {
  access: ['status', 'client', 'path', 'host', 'requestId', 'text'],
  error: ['level', 'client', 'path', 'text'],
};

export function LogsPage() {
  const { say, who } = useShared();
  return mayDo(who, 'operator') ? <Logs /> : <p className="faint">{say('operatorsOnly')}</p>;
}

function Logs() {
  const { say } = useShared();
  const { value, fault } = useAsked<{ readonly items: readonly LogFile[] }>('/logs');
  const [path, setPath] = useState<string>();
  const file = value?.items.find(one => one.path === path) ?? value?.items[0];
  if (fault !== undefined) return <p className="note bad">{fault}</p>;
  if (!value) return null;
  if (!file) return <p className="faint">{say('noLogs')}</p>;
  return (
    <>
      <label>
        {say('logFile')}
        <select value={file.path} onChange={event => setPath(event.target.value)}>
          {value.items.map(one => (
            <option key={one.path} value={one.path}>
              {one.path}
            </option>
          ))}
        </select>
      </label>
      <Lines key={file.path} file={file} />
    </>
  );
}

const queryOf = (file: LogFile, conditions: Conditions): string =>
  new URLSearchParams({
    file: file.path,
    ...Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== '')),
  }).toString();

/** The newest first. */
function useLines(file: LogFile, conditions: Conditions, isLive: boolean) {
  const { api } = useShared();
  const [lines, set] = useState<readonly LogLine[]>([]);
  const [next, setNext] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [isCut, setCut] = useState(false);
  const query = queryOf(file, conditions);
  const older = (cursor?: string) =>
    api
      .get<LogLines>(
        `/logs/lines?${query}&limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      .then(
        ({ value }) => {
          set(before => (cursor ? [...before, ...value.items].slice(-MOST_KEPT) : value.items));
          setNext(value.next);
          setFault(undefined);
        },
        (reason: Error) => setFault(reason.message),
      );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the query is all that it hangs on
  useEffect(() => void older(), [api, query]);
  useEffect(() => {
    if (!isLive) return;
    const end = new AbortController();
    const show = (come: readonly LogLine[], cut: boolean) => {
      setCut(cut);
      set(before => fresh(come, before));
    };
    void follow(api, query, end.signal, show, setFault);
    return () => end.abort();
  }, [api, query, isLive]);
  return { lines, next, fault, isCut, older };
}

function fresh(come: readonly LogLine[], before: readonly LogLine[]): readonly LogLine[] {
  const known = new Set(before.map(({ id }) => id));
  const added = come.filter(({ id }) => !known.has(id)).toReversed();
  return added.length === 0 ? before : [...added, ...before].slice(0, MOST_KEPT);
}

async function follow(
  api: Api,
  query: string,
  signal: AbortSignal,
  show: (lines: readonly LogLine[], isCut: boolean) => void,
  tell: (fault: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { name, data } of api.events(`/logs/stream?${query}`, signal)) {
        if (name === 'fault') tell((data as { detail: string }).detail);
        else {
          const { items, isCut } = data as { readonly items: readonly LogLine[]; readonly isCut: boolean };
          show(items, isCut);
        }
      }
    } catch {
      // the light in the header tells; it is tried again
    }
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
  }
}

const pick = ({ fields }: LogLine, ...names: readonly string[]): string =>
  names.map(name => fields[name]).find(value => value !== undefined) ?? '';

function Lines({ file }: { readonly file: LogFile }) {
  const { say } = useShared();
  const [typed, type] = useState<Conditions>({});
  const [conditions, setConditions] = useState<Conditions>({});
  const [isLive, setLive] = useState(true);
  const [open, setOpen] = useState<LogLine>();
  const { lines, next, fault, isCut, older } = useLines(file, conditions, isLive);
  const names = OF_KIND[file.kind] ?? CONDITIONS;
  const columns = useMemo(() => {
    const details = {
      title: say('details'),
      cell: (one: LogLine) => (
        <button type="button" aria-label={`${say('details')} ${one.id}`} onClick={() => setOpen(one)}>
          {say('details')}
        </button>
      ),
    };
    // A line of another form is shown as it is, in the place of what it is about.
    const shown = (one: LogLine, of: readonly string[]) =>
      pick(one, ...of) || (of.includes('message') || of.includes('request_uri') ? one.text : '');
    const column = (title: string, ...of: string[]) => ({
      title,
      cell: (one: LogLine) => <span className="cut">{shown(one, of)}</span>,
    });
    const time = column(say('time'), 'time_iso8601', 'time', 'time_local', 'timestamp');
    const client = column(say('address'), 'remote_addr', 'client', 'client_ip');
    if (file.kind === 'error')
      return [time, column(say('log_level'), 'level'), column(say('line'), 'message'), client, details];
    return [
      ...[time, column(say('status'), 'status'), client, column(say('method'), 'request_method', 'method')],
      ...[column(say('log_path'), 'request_uri', 'uri', 'path'), details],
    ];
  }, [file.kind, say]);
  return (
    <Card
      title={file.path}
      more={
        <button type="button" aria-pressed={!isLive} onClick={() => setLive(!isLive)}>
          {say(isLive ? 'pause' : 'followOn')}
        </button>
      }
    >
      <form
        className="buttons"
        onSubmit={event => {
          event.preventDefault();
          setConditions(typed);
        }}
      >
        {names.map(name => (
          <label key={name}>
            {say(`log_${name}`)}
            <input
              value={typed[name] ?? ''}
              size={12}
              onChange={event => type({ ...typed, [name]: event.target.value })}
            />
          </label>
        ))}
        <button type="submit" className="main">
          {say('find')}
        </button>
      </form>
      {fault !== undefined && (
        <p className="note bad" role="alert">
          {fault}
        </p>
      )}
      {isCut && <p className="note warn">{say('logCut')}</p>}
      {lines.length === 0 ? (
        <p className="faint">{say('noLines')}</p>
      ) : (
        <Table label={say('logs')} rows={lines} columns={columns} keyOf={one => one.id} />
      )}
      {next !== undefined && (
        <div className="buttons">
          <button type="button" onClick={() => void older(next)}>
            {say('older')}
          </button>
        </div>
      )}
      {open && (
        <Sheet title={say('line')} close={() => setOpen(undefined)}>
          <pre>{open.text}</pre>
          <Table
            label={say('details')}
            rows={Object.entries(open.fields)}
            columns={[
              { title: say('name'), cell: ([name]) => <code>{name}</code> },
              { title: say('value'), cell: ([, value]) => <code>{value}</code> },
            ]}
            keyOf={([name]) => name}
          />
        </Sheet>
      )}
    </Card>
  );
}
