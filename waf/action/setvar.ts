/** Actions that write collections: `setvar`, `expirevar`, `initcol` and their kin. */
import { PERSISTENT, type PersistentName } from '../collection/store.ts';
import { addTo, type MutableCollection, toInteger } from '../collection/variables.ts';
import { RuleFault } from '../diagnostic.ts';
import type { Template } from '../operator/operator.ts';
import type { Effect } from '../rule.ts';
import type { Transaction } from '../transaction.ts';
import { type Action, type ActionContext, needs } from './action.ts';

interface Assigned {
  readonly name: Template;
  readonly collection: (transaction: Transaction) => MutableCollection | undefined;
  readonly persistent: PersistentName | undefined;
}

const NAMES = ['TX', 'ENV', ...PERSISTENT];

/** Reads `tx.name`; the name may hold macros. */
function assigned(text: string, { macros }: ActionContext): Assigned {
  const dot = text.search(/[.:]/);
  const upper = (dot < 0 ? text : text.slice(0, dot)).trim().toUpperCase();
  if (dot < 0 || !NAMES.includes(upper) || text.slice(dot + 1).trim() === '')
    throw new RuleFault(
      'value',
      `${JSON.stringify(text)} names no value to write`,
      `write tx.name; collections are ${NAMES.join(', ')}`,
    );
  const name = macros.template(text.slice(dot + 1).trim());
  if (upper === 'TX') return { name, collection: t => t.tx, persistent: undefined };
  if (upper === 'ENV') return { name, collection: t => t.env, persistent: undefined };
  const persistent = upper as PersistentName;
  return { name, collection: t => t.record(persistent), persistent };
}

/** `!tx.a` deletes, `tx.a` sets 1, `tx.a=v` sets, `tx.a=+v` and `tx.a=-v` count. */
function setvar(text: string, context: ActionContext): Effect {
  if (text.startsWith('!')) return remover(assigned(text.slice(1), context));
  const equals = text.indexOf('=');
  const target = assigned(equals < 0 ? text : text.slice(0, equals), context);
  const raw = equals < 0 ? '1' : text.slice(equals + 1);
  const counts = /^[+-]/.test(raw);
  const sign = raw.startsWith('-') ? -1 : 1;
  const value = context.macros.template(counts ? raw.slice(1) : raw);
  return counts ? counter(target, value, sign) : setter(target, value);
}

function setter({ name, collection }: Assigned, value: Template): Effect {
  const fixed = name.constant;
  const fixedLower = fixed?.toLowerCase();
  return t => {
    const key = fixed ?? name.expand(t);
    collection(t)?.set(key, fixedLower ?? key.toLowerCase(), value.expand(t));
  };
}

function counter({ name, collection, persistent }: Assigned, value: Template, sign: number): Effect {
  return t => {
    const key = name.expand(t);
    const lower = key.toLowerCase();
    const delta = sign * toInteger(value.expand(t));
    if (persistent) t.record(persistent)?.add(key, lower, delta);
    else {
      const into = collection(t);
      into?.set(key, lower, addTo(into.get(lower), delta));
    }
  };
}

const remover =
  ({ name, collection }: Assigned): Effect =>
  t =>
    collection(t)?.delete(name.expand(t).toLowerCase());

function expirevar(text: string, context: ActionContext): Effect {
  const equals = text.indexOf('=');
  const target = assigned(equals < 0 ? text : text.slice(0, equals), context);
  const { persistent, name } = target;
  const seconds = context.macros.template(equals < 0 ? '' : text.slice(equals + 1));
  if (equals < 0 || (seconds.constant !== undefined && !/^[0-9]+$/.test(seconds.constant.trim())))
    throw new RuleFault('value', 'expirevar gives no seconds', 'write expirevar:ip.name=60');
  // A value of TX ends with the transaction anyway.
  return t =>
    persistent && t.record(persistent)?.expire(name.expand(t).toLowerCase(), toInteger(seconds.expand(t)));
}

function initcol(text: string, { macros }: ActionContext): Effect {
  const equals = text.indexOf('=');
  const upper = text.slice(0, equals).trim().toUpperCase();
  const collection = PERSISTENT.find(name => name === upper);
  if (equals < 0 || !collection)
    throw new RuleFault(
      'value',
      `initcol names no collection in ${JSON.stringify(text)}`,
      'write initcol:ip=%{REMOTE_ADDR}',
    );
  const key = macros.template(text.slice(equals + 1).trim());
  return t => t.openRecord(collection, key.expand(t));
}

const effect =
  (make: (text: string, context: ActionContext) => Effect): Action['apply'] =>
  (draft, text, context) => {
    const made = make(text, context);
    draft.effects.push(() => made);
  };

/** `setsid` and its kin open a record and keep the id as a variable. */
const owner = (name: string, collection: 'SESSION' | 'USER' | 'RESOURCE', doc: string): Action =>
  needs(
    name,
    doc,
    effect((text, { macros }) => {
      const key = macros.template(text);
      return t => {
        const id = key.expand(t);
        if (collection === 'SESSION') t.ids.session = id;
        else if (collection === 'USER') t.ids.user = id;
        t.openRecord(collection, id);
      };
    }),
  );

export const SETVAR_ACTIONS: readonly Action[] = [
  needs('setvar', 'Sets, counts or (with !) deletes a value: setvar:tx.score=+5.', effect(setvar)),
  needs(
    'expirevar',
    'Lets a kept value vanish after so many seconds: expirevar:ip.flag=60.',
    effect(expirevar),
  ),
  needs(
    'initcol',
    'Opens the record of a persistent collection: initcol:ip=%{REMOTE_ADDR}.',
    effect(initcol),
  ),
  needs(
    'setenv',
    'Sets a value of ENV.',
    effect((text, context) => setvar(`env.${text.replace(/^!/, '')}`, context)),
  ),
  owner('setsid', 'SESSION', "Opens the session's record under this id."),
  owner('setuid', 'USER', "Opens the user's record under this id."),
  owner('setrsc', 'RESOURCE', "Opens the resource's record under this id."),
];
