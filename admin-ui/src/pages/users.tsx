/** Who may come in: users, their sessions, and tokens of programs. */
import { useState } from 'react';
import { Ask, Card, type Deed, Sheet, State, Table } from '../parts.tsx';
import type { SessionShown, TokenShown, UserShown } from '../shapes.ts';
import { mayDo, ROLES, useAsked, useShared } from '../state.tsx';

const EVERY_MS = 5000;

type List<T> = { readonly items: readonly T[] };
type AskOf = { readonly ask: (deed: Deed) => void };

export function UsersPage() {
  const { say, who } = useShared();
  return mayDo(who, 'admin') ? <Everybody /> : <p className="faint">{say('adminsOnly')}</p>;
}

function Everybody() {
  const { say, who } = useShared();
  const [deed, ask] = useState<Deed>();
  return (
    <>
      {who.kind === 'token' && <p className="note warn">{say('sessionOnly')}</p>}
      <Users ask={ask} />
      <Tokens ask={ask} />
      <Sessions ask={ask} />
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

function Users({ ask }: AskOf) {
  const { api, say, who } = useShared();
  const { value, etag = '', fault, again } = useAsked<List<UserShown>>('/users', EVERY_MS);
  const mayChange = who.kind === 'session';
  const add = () =>
    ask({
      ...{ title: say('addUser'), text: say('addUserText'), button: say('add') },
      inputs: [
        { key: 'name', label: say('name'), first: '', type: 'text' },
        { key: 'role', label: say('role'), first: 'viewer', type: 'select', options: ROLES },
        { key: 'password', label: say('password'), first: '', type: 'password' },
      ],
      request: 'POST /api/v1/users {"name":"…","role":"…","password":"…"}',
      act: (_, all) => api.change('POST', '/users', etag, all).then(again),
    });
  const deed = async (
    one: UserShown,
    rest: Omit<Deed, 'request' | 'act'>,
    method: string,
    body?: (all: Readonly<Record<string, string>>) => object,
  ) => {
    const path = `/users/${encodeURIComponent(one.name)}`;
    const seen = await api.get(path);
    const shown = body ? ` ${JSON.stringify(body({}))}` : '';
    ask({
      ...rest,
      request: `${method} /api/v1${path}${shown}`,
      act: (_, all) => api.change(method, path, seen.etag, body?.(all)).then(again),
    });
  };
  const change = (one: UserShown) =>
    deed(
      one,
      {
        ...{ title: say('changeUser', { name: one.name }), text: say('changeUserText'), button: say('save') },
        inputs: [{ key: 'role', label: say('role'), first: one.role, type: 'select', options: ROLES }],
      },
      'PATCH',
      ({ role = one.role }) => ({ role }),
    );
  const toggle = (one: UserShown) =>
    deed(
      one,
      {
        title: say(one.isDisabled ? 'enableUser' : 'disableUser', { name: one.name }),
        ...{ text: say('changeUserText'), button: say('confirmGo') },
      },
      'PATCH',
      () => ({ disabled: !one.isDisabled }),
    );
  const remove = (one: UserShown) =>
    deed(
      one,
      { title: say('removeTitle', { name: one.name }), text: say('removeUserText'), button: say('remove') },
      'DELETE',
    );
  const columns = [
    { title: say('name'), cell: (one: UserShown) => one.name },
    { title: say('role'), cell: (one: UserShown) => <State of={one.role} /> },
    { title: say('state'), cell: (one: UserShown) => <State of={one.isDisabled ? 'disabled' : 'enabled'} /> },
    { title: say('secondFactor'), cell: (one: UserShown) => say(one.hasTotp ? 'yes' : 'no') },
    {
      title: say('created'),
      cell: (one: UserShown) => new Date(one.createdMs).toLocaleDateString(say('lang')),
    },
    ...(mayChange
      ? [
          {
            title: say('actions'),
            cell: (one: UserShown) => (
              <span className="row-buttons">
                <button
                  type="button"
                  aria-label={`${say('role')} ${one.name}`}
                  onClick={() => void change(one)}
                >
                  {say('role')}…
                </button>
                <button
                  type="button"
                  aria-label={`${say(one.isDisabled ? 'enable' : 'disable')} ${one.name}`}
                  onClick={() => void toggle(one)}
                >
                  {say(one.isDisabled ? 'enable' : 'disable')}
                </button>
                <button
                  type="button"
                  aria-label={`${say('remove')} ${one.name}`}
                  onClick={() => void remove(one)}
                >
                  {say('remove')}
                </button>
              </span>
            ),
          },
        ]
      : []),
  ];
  return (
    <Card
      title={say('userList')}
      more={
        mayChange &&
        value && (
          <button type="button" onClick={add}>
            {say('addUser')}…
          </button>
        )
      }
    >
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && (
        <Table label={say('userList')} rows={value.items} columns={columns} keyOf={one => one.name} />
      )}
    </Card>
  );
}

function Tokens({ ask }: AskOf) {
  const { api, say, who } = useShared();
  const [made, setMade] = useState<string>();
  const { value, etag = '', fault, again } = useAsked<List<TokenShown>>('/tokens', EVERY_MS);
  const mayChange = who.kind === 'session';
  const add = () =>
    ask({
      ...{ title: say('addToken'), text: say('addTokenText'), button: say('add') },
      inputs: [
        { key: 'name', label: say('name'), first: '', type: 'text' },
        { key: 'role', label: say('role'), first: 'viewer', type: 'select', options: ROLES },
        { key: 'days', label: say('daysGood'), first: '90', type: 'number' },
      ],
      request: 'POST /api/v1/tokens {"name":"…","role":"…","lengthS":…}',
      act: async (_, { name, role, days }) => {
        const body = { name, role, lengthS: Math.round(Number(days) * 86_400) };
        const said = await api.change<{ token: string }>('POST', '/tokens', etag, body);
        setMade(said.value.token);
        again();
      },
    });
  const revoke = async ({ id, name }: TokenShown) => {
    const path = `/tokens/${encodeURIComponent(id)}`;
    const seen = await api.get(path);
    ask({
      ...{ title: say('revokeTitle', { name }), text: say('revokeText'), button: say('revoke') },
      request: `DELETE /api/v1${path}`,
      act: () => api.change('DELETE', path, seen.etag).then(again),
    });
  };
  const columns = [
    { title: say('name'), cell: (one: TokenShown) => one.name },
    { title: say('role'), cell: (one: TokenShown) => <State of={one.role} /> },
    { title: say('scopes'), cell: (one: TokenShown) => one.scopes?.join(', ') ?? say('all') },
    {
      title: say('created'),
      cell: (one: TokenShown) => new Date(one.createdMs).toLocaleDateString(say('lang')),
    },
    {
      title: say('until'),
      cell: (one: TokenShown) =>
        one.expiresMs === undefined ? say('forever') : new Date(one.expiresMs).toLocaleString(say('lang')),
    },
    ...(mayChange
      ? [
          {
            title: say('actions'),
            cell: (one: TokenShown) => (
              <button
                type="button"
                aria-label={`${say('revoke')} ${one.name}`}
                onClick={() => void revoke(one)}
              >
                {say('revoke')}
              </button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Card
      title={say('tokens')}
      more={
        mayChange &&
        value && (
          <button type="button" onClick={add}>
            {say('addToken')}…
          </button>
        )
      }
    >
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value?.items.length === 0 && <p className="faint">{say('noTokens')}</p>}
      {value && value.items.length > 0 && (
        <Table label={say('tokens')} rows={value.items} columns={columns} keyOf={one => one.id} />
      )}
      {made !== undefined && (
        <Sheet title={say('tokenMade')} close={() => setMade(undefined)}>
          <p>{say('tokenOnce')}</p>
          <pre>{made}</pre>
        </Sheet>
      )}
    </Card>
  );
}

function Sessions({ ask }: AskOf) {
  const { api, say, who } = useShared();
  const { value, fault, again } = useAsked<List<SessionShown>>('/sessions', EVERY_MS);
  const end = (one: SessionShown) =>
    ask({
      ...{ title: say('endSession', { name: one.user }), text: say('endSessionText'), button: say('end') },
      request: `DELETE /api/v1/sessions/${one.id}`,
      act: () => api.change('DELETE', `/sessions/${encodeURIComponent(one.id)}`, '*').then(again),
    });
  const columns = [
    { title: say('name'), cell: (one: SessionShown) => one.user },
    { title: say('address'), cell: (one: SessionShown) => <code>{one.from}</code> },
    { title: say('browser'), cell: (one: SessionShown) => <span className="cut">{one.agent}</span> },
    { title: say('lastSeen'), cell: (one: SessionShown) => new Date(one.seenMs).toLocaleString(say('lang')) },
    ...(who.kind === 'session'
      ? [
          {
            title: say('actions'),
            cell: (one: SessionShown) => (
              <button
                type="button"
                aria-label={`${say('end')} ${one.user} ${one.id}`}
                onClick={() => end(one)}
              >
                {say('end')}
              </button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Card title={say('sessions')}>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && <Table label={say('sessions')} rows={value.items} columns={columns} keyOf={one => one.id} />}
    </Card>
  );
}
