/** What screens are made of: states with a colour and a word, cards, lines over time, a table of any length, a question before a deed. */
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { ApiFault } from './api.ts';
import { goToProvider, loginFault } from './provider.ts';
import { useShared } from './state.tsx';
import { kindOf } from './words/kinds.ts';
import { stateText } from './words/states.ts';

export function State({ of }: { of: string }) {
  const { language } = useShared();
  return <span className={`state ${kindOf(of)}`}>{stateText(of, language)}</span>;
}

export function Card({ title, children, more }: { title: string; children: ReactNode; more?: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {more}
      </div>
      {children}
    </section>
  );
}

const WIDTH = 320;
const HEIGHT = 64;

/** @param values undefined: nothing is known of that second */
export function Line({ values, label }: { values: readonly (number | undefined)[]; label: string }) {
  const known = values.filter(value => value !== undefined);
  const most = Math.max(1, ...known) * 1.1;
  const x = (at: number) =>
    ((at + Math.max(0, 60 - values.length)) / Math.max(59, values.length - 1)) * WIDTH;
  const y = (value: number) => HEIGHT - 2 - (value / most) * (HEIGHT - 6);
  const dots = values.flatMap((value, at) =>
    value === undefined ? [] : [`${x(at).toFixed(1)},${y(value).toFixed(1)}`],
  );
  const first = values.findIndex(value => value !== undefined);
  return (
    <svg
      className="line"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {dots.length > 1 && (
        <>
          <polygon points={`${x(first)},${HEIGHT} ${dots.join(' ')} ${WIDTH},${HEIGHT}`} />
          <polyline points={dots.join(' ')} />
        </>
      )}
    </svg>
  );
}

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  readonly isNumber?: boolean;
}

const ROW_PX = 40;
const SPARE = 10;
const MOST_PX = 520;

/** Draws the rows that are in sight, however many there are. */
export function Table<T>({
  label,
  rows,
  columns,
  keyOf,
}: {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
}) {
  const [top, setTop] = useState(0);
  const from = Math.max(0, Math.floor(top / ROW_PX) - SPARE);
  const shown = rows.slice(from, from + Math.ceil(MOST_PX / ROW_PX) + 2 * SPARE);
  const after = rows.length - from - shown.length;
  const gap = (count: number) =>
    count > 0 && (
      <tr>
        <td colSpan={columns.length} className="gap" style={{ height: count * ROW_PX }} />
      </tr>
    );
  return (
    <section
      className="table"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
      tabIndex={0}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" className={isNumber ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {gap(from)}
          {shown.map((row, at) => (
            <tr key={keyOf(row)} aria-rowindex={from + at + 2}>
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} className={isNumber ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {gap(after)}
        </tbody>
      </table>
    </section>
  );
}

/** Something to be looked at in front of the screen. */
export function Sheet({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const { say } = useShared();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} className="wide" onClose={close}>
      <h2>{title}</h2>
      {children}
      <div className="buttons">
        <button type="button" className="main" onClick={close}>
          {say('close')}
        </button>
      </div>
    </dialog>
  );
}

/** A deed that is asked about before it is done: what follows from it stands there, and how to say it without a browser. */
export interface Deed {
  readonly title: string;
  readonly text: ReactNode;
  readonly warning?: string | undefined;
  readonly button: string;
  readonly request: string;
  readonly input?: { readonly label: string; readonly first: string; readonly type: 'text' | 'number' };
  /** Where one is not enough. */
  readonly inputs?: readonly Field[];
  readonly act: (input: string, all: Readonly<Record<string, string>>) => Promise<unknown>;
}

export interface Field {
  readonly key: string;
  readonly label: string;
  readonly first: string;
  readonly type: 'text' | 'number' | 'password' | 'select';
  readonly options?: readonly string[];
  readonly isOptional?: boolean;
}

function Input({ field, value, set }: { field: Field; value: string; set: (value: string) => void }) {
  const { language } = useShared();
  const id = useId();
  return (
    <label htmlFor={id}>
      {field.label}
      {field.type === 'select' ? (
        <select id={id} value={value} onChange={event => set(event.target.value)}>
          {field.options?.map(one => (
            <option key={one} value={one}>
              {stateText(one, language)}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          value={value}
          type={field.type}
          required={!field.isOptional}
          autoComplete={field.type === 'password' ? 'new-password' : 'off'}
          onChange={event => set(event.target.value)}
        />
      )}
    </label>
  );
}

export function Ask({ deed, close }: { deed: Deed; close: () => void }) {
  const { api, say, who } = useShared();
  const dialog = useRef<HTMLDialogElement>(null);
  const [input, setInput] = useState(deed.input?.first ?? '');
  const [all, setAll] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries((deed.inputs ?? []).map(({ key, first }) => [key, first])),
  );
  /** What is dangerous is done by who has just given his password. */
  const [proof, setProof] = useState<Readonly<Record<string, string>>>();
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const fail = (reason: unknown) => {
    setFault(loginFault(reason, say));
    setBusy(false);
  };
  const act = async () => {
    setBusy(true);
    try {
      if (proof && who.by !== 'provider') await api.again(proof['password'] ?? '', proof['code']);
      await deed.act(input, all);
      close();
    } catch (reason) {
      if (reason instanceof ApiFault && reason.problem.code === 'log-in-again')
        setProof({ password: '', code: '' });
      fail(reason);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={close}>
      <form
        onSubmit={event => {
          event.preventDefault();
          void act();
        }}
      >
        <h2 id={title}>{deed.title}</h2>
        <p>{deed.text}</p>
        {deed.warning && <p className="note bad">{deed.warning}</p>}
        {deed.input && (
          <label>
            {deed.input.label}
            <input
              value={input}
              type={deed.input.type}
              required
              onChange={event => setInput(event.target.value)}
            />
          </label>
        )}
        {deed.inputs?.map(field => (
          <Input
            key={field.key}
            field={field}
            value={all[field.key] ?? ''}
            set={value => setAll({ ...all, [field.key]: value })}
          />
        ))}
        {proof && who.by === 'provider' && (
          <button type="button" onClick={() => void goToProvider(api, true).catch(fail)}>
            {say('loginAgain')}
          </button>
        )}
        {proof &&
          who.by !== 'provider' &&
          (['password', 'code'] as const).map(key => (
            <Input
              key={key}
              field={{
                ...{ key, first: '', type: key === 'password' ? 'password' : 'text' },
                ...{
                  label: say(key === 'password' ? 'yourPassword' : 'codeIfAny'),
                  isOptional: key === 'code',
                },
              }}
              value={proof[key] ?? ''}
              set={value => setProof({ ...proof, [key]: value })}
            />
          ))}
        <p className="faint">
          {say('equal')}: <code>{deed.request}</code>
        </p>
        {fault && (
          <p className="note bad" role="alert">
            {say('failed', { why: fault })}
          </p>
        )}
        <div className="buttons">
          <button type="button" onClick={close}>
            {say('cancel')}
          </button>
          <button type="submit" className="main" disabled={isBusy}>
            {deed.button}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export const numberText = (value: number, language: string): string =>
  new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', {
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);

export const msText = (ms: number | undefined): string =>
  ms === undefined
    ? '–'
    : ms < 10
      ? `${ms.toFixed(1)} ms`
      : ms < 1000
        ? `${Math.round(ms)} ms`
        : `${(ms / 1000).toFixed(1)} s`;

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
