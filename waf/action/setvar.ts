/** Actions that write collections: `setvar`, `expirevar`, `initcol` and their kin. */
import { PERSISTENT, type PersistentName } from '../collection/store.ts';
import { addTo, type MutableCollection, toInteger } from '../collection/variables.ts';
import { RuleFault } from '../diagnostic.ts';
import type { Template } from '../operator/operator.ts';
import type { Effect, RuleDraft, TxWrite } from '../rule.ts';
import type { Transaction } from '../transaction.ts';
import { type Action, type ActionContext, needs } from './action.ts';

/** A collection that outlives the transaction, or ENV, and a name in it. */
interface Assigned {
  readonly name: Template;
  readonly collection: (transaction: Transaction) => MutableCollection | undefined;
  readonly persistent: PersistentName | undefined;
}

const NAMES = ['TX', 'ENV', ...PERSISTENT];

/** Reads `tx.name`; the name may hold macros. */
function splitName(text: string): [collection: string, name: string] {
  const dot = text.search(/[.:]/);
  const upper = (dot < 0 ? text : text.slice(0, dot)).trim().toUpperCase();
  const name = text.slice(dot + 1).trim();
  if (dot >= 0 && NAMES.includes(upper) && name !== '') return [upper, name];
  throw new RuleFault(
    'value',
    `${JSON.stringify(text)} names no value to write`,
    `write tx.name; collections are ${NAMES.join(', ')}`,
  );
}

function assigned(text: string, { macros }: ActionContext): Assigned {
  const [collection, name] = splitName(text);
  if (collection === 'ENV')
    return { name: macros.template(name), collection: t => t.env, persistent: undefined };
  const persistent = collection as PersistentName;
  return { name: macros.template(name), collection: t => t.record(persistent), persistent };
}

interface Change {
  readonly kind: 'set' | 'count' | 'delete';
  readonly name: string;
  readonly value: Template;
  readonly sign: 1 | -1;
}

/** `!tx.a` deletes, `tx.a` sets 1, `tx.a=v` sets, `tx.a=+v` and `tx.a=-v` count. */
function readChange(text: string, { macros }: ActionContext): Change {
  const equals = text.indexOf('=');
  if (text.startsWith('!'))
    return { kind: 'delete', name: text.slice(1), value: macros.template(''), sign: 1 };
  const raw = equals < 0 ? '1' : text.slice(equals + 1);
  const counts = /^[+-]/.test(raw);
  return {
    kind: counts ? 'count' : 'set',
    name: equals < 0 ? text : text.slice(0, equals),
    value: macros.template(counts ? raw.slice(1) : raw),
    sign: raw.startsWith('-') ? -1 : 1,
  };
}

function setvar(draft: RuleDraft, text: string, context: ActionContext): void {
  const change = readChange(text, context);
  const [collection, name] = splitName(change.name);
  if (collection === 'TX') {
    const write = txWrite(name, context.macros.template(name), change);
    draft.txWrites.push(write);
    draft.effects.push(() => write.apply);
    return;
  }
  const effect = elsewhere(assigned(change.name, context), change);
  draft.effects.push(() => effect);
}

function txWrite(text: string, name: Template, { kind, value, sign }: Change): TxWrite {
  const fixed = name.constant;
  const lower = fixed?.toLowerCase();
  return {
    name,
    prefix: text.split('%{')[0]!.toLowerCase(),
    apply(scope) {
      const key = fixed ?? name.expand(scope);
      const at = lower ?? key.toLowerCase();
      if (kind === 'delete') scope.tx.delete(at);
      else if (kind === 'set') scope.tx.set(key, at, value.expand(scope));
      else scope.tx.set(key, at, addTo(scope.tx.get(at), sign * toInteger(value.expand(scope))));
    },
  };
}

function elsewhere({ name, collection, persistent }: Assigned, { kind, value, sign }: Change): Effect {
  return t => {
    const key = name.expand(t);
    const lower = key.toLowerCase();
    if (kind === 'delete') collection(t)?.delete(lower);
    else if (kind === 'set') collection(t)?.set(key, lower, value.expand(t));
    else if (persistent) t.record(persistent)?.add(key, lower, sign * toInteger(value.expand(t)));
    else t.env.set(key, lower, addTo(t.env.get(lower), sign * toInteger(value.expand(t))));
  };
}

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
  needs('setvar', 'Sets, counts or (with !) deletes a value: setvar:tx.score=+5.', setvar),
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
  needs('setenv', 'Sets a value of ENV: setenv:name=value.', (draft, text, context) =>
    setvar(draft, text.replace(/^(!?)/, '$1env.'), context),
  ),
  owner('setsid', 'SESSION', "Opens the session's record under this id."),
  owner('setuid', 'USER', "Opens the user's record under this id."),
  owner('setrsc', 'RESOURCE', "Opens the resource's record under this id."),
];
