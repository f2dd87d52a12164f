/** `ctl`: what a rule changes about the engine for the rest of its transaction. */
import { PatternFault, regexOf, translatePattern } from '#kit/pcre.ts';
import { suggest } from '#kit/suggest.ts';
import { BODY_PROCESSORS } from '../body/request-body.ts';
import { RuleFault } from '../diagnostic.ts';
import type { EffectMaker, RuleDraft } from '../rule.ts';
import { AUDIT_WORDS, ENGINE_WORDS, SWITCH_WORDS, XML_ARGUMENT_WORDS } from '../settings.ts';
import { type Action, type ActionContext, needs } from './action.ts';
import { integer } from './meta.ts';

type Option = (value: string, context: ActionContext) => EffectMaker;

/** @throws {RuleFault} naming the words that would have been right */
export function oneOf<T>(value: string, words: Readonly<Record<string, T>>, what: string): T {
  const lower = value.trim().toLowerCase();
  if (Object.hasOwn(words, lower)) return words[lower]!;
  throw new RuleFault(
    'value',
    `${what} is ${JSON.stringify(value)}`,
    `give one of ${Object.keys(words).join(', ')}`,
  );
}

/** `942100`, `942100-942199`, several with spaces or commas. @throws {RuleFault} */
export function idTest(text: string): (rule: RuleDraft) => boolean {
  const ranges = text
    .trim()
    .split(/[\s,]+/)
    .map(part => {
      const match = /^([0-9]{1,12})(?:-([0-9]{1,12}))?$/.exec(part);
      if (!match)
        throw new RuleFault(
          'value',
          `${JSON.stringify(part)} is no id of a rule`,
          'give ids such as 942100 or 942100-942199',
        );
      return [Number(match[1]), Number(match[2] ?? match[1])] as const;
    });
  return ({ id }) => ranges.some(([first, last]) => id >= first && id <= last);
}

/** Rules with a tag: word for word, or by a pattern where the text has signs that only patterns have. @throws {RuleFault} */
export function tagTest(text: string): (rule: RuleDraft) => boolean {
  const test = wordTest(bare(text));
  return ({ tags }) => tags.some(tag => tag.constant !== undefined && test(tag.constant));
}

export function messageTest(text: string): (rule: RuleDraft) => boolean {
  const test = wordTest(bare(text));
  return ({ message }) => message?.constant !== undefined && test(message.constant);
}

function wordTest(wanted: string): (word: string) => boolean {
  if (!/[\\^$*+?()[\]|]/.test(wanted)) return word => word === wanted;
  try {
    const pattern = regexOf(translatePattern(wanted));
    return word => word === wanted || pattern.test(word);
  } catch (fault) {
    if (!(fault instanceof PatternFault)) throw fault;
    throw new RuleFault('pattern', `${JSON.stringify(wanted)} is malformed: ${fault.message}`);
  }
}

const bare = (text: string) => text.trim().replace(/^(['"])(.*)\1$/, '$2');

const remove =
  (test: (rule: RuleDraft) => boolean): EffectMaker =>
  link => {
    const rules = link.choose(test);
    return t => t.control.removeRules(rules);
  };

function removeTarget(test: (text: string) => (rule: RuleDraft) => boolean): Option {
  return (value, context) => {
    const semicolon = value.indexOf(';');
    if (semicolon < 0)
      throw new RuleFault(
        'value',
        'ctl names no target',
        'write it after a semicolon, as in 942100;ARGS:name',
      );
    const chosen = test(value.slice(0, semicolon));
    const targets = context.targets(value.slice(semicolon + 1));
    return link => {
      const rules = link.choose(chosen);
      return t => t.control.removeTargets(rules, targets);
    };
  };
}

/** An option that sets a field of the transaction's control. */
const OPTIONS: Readonly<Record<string, Option>> = {
  ruleEngine: value => {
    const mode = oneOf(value, ENGINE_WORDS, 'ruleEngine');
    return () => t => {
      t.control.engine = mode;
    };
  },
  auditEngine: value => {
    const mode = oneOf(value, AUDIT_WORDS, 'auditEngine');
    return () => t => {
      t.control.audit = mode;
    };
  },
  auditLogParts: value => {
    if (!/^[+-]?[A-KZ]+$/i.test(value.trim()))
      throw new RuleFault('value', `${JSON.stringify(value)} are no parts of the audit log`, 'as in +E');
    return () => t => t.control.changeAuditParts(value.trim().toUpperCase());
  },
  requestBodyAccess: value => {
    const on = oneOf(value, SWITCH_WORDS, 'requestBodyAccess');
    return () => t => {
      t.control.requestBodyAccess = on;
    };
  },
  responseBodyAccess: value => {
    const on = oneOf(value, SWITCH_WORDS, 'responseBodyAccess');
    return () => t => {
      t.control.responseBodyAccess = on;
    };
  },
  forceRequestBodyVariable: value => {
    const on = oneOf(value, SWITCH_WORDS, 'forceRequestBodyVariable');
    return () => t => {
      t.control.forceRequestBody = on;
    };
  },
  requestBodyProcessor: value => {
    const words = Object.fromEntries(BODY_PROCESSORS.map(name => [name.toLowerCase(), name]));
    const processor = oneOf(value, words, 'requestBodyProcessor');
    return () => t => {
      t.body.processor = processor;
    };
  },
  parseXmlIntoArgs: value => {
    const how = oneOf(value, XML_ARGUMENT_WORDS, 'parseXmlIntoArgs');
    return () => t => {
      t.body.xmlArguments = how;
    };
  },
  requestBodyLimit: value => {
    const bytes = integer(value, 'requestBodyLimit', 1, 1e9);
    return () => t => {
      t.control.requestBodyLimitBytes = bytes;
    };
  },
  responseBodyLimit: value => {
    const bytes = integer(value, 'responseBodyLimit', 1, 1e9);
    return () => t => {
      t.control.responseBodyLimitBytes = bytes;
    };
  },
  ruleRemoveById: value => remove(idTest(value)),
  ruleRemoveByTag: value => remove(tagTest(value)),
  ruleRemoveByMsg: value => remove(messageTest(value)),
  ruleRemoveTargetById: removeTarget(idTest),
  ruleRemoveTargetByTag: removeTarget(tagTest),
  ruleRemoveTargetByMsg: removeTarget(messageTest),
  // There is no debug log to raise the level of: `explain` shows each rule's decision instead.
  debugLogLevel: value => {
    integer(value, 'debugLogLevel', 0, 9);
    return () => () => undefined;
  },
};

const BY_LOWER = new Map(Object.keys(OPTIONS).map(name => [name.toLowerCase(), name]));

export const CTL_ACTIONS: readonly Action[] = [
  needs(
    'ctl',
    `Changes the engine for this transaction: ctl:ruleRemoveById=942100. Options: ${Object.keys(OPTIONS).join(', ')}.`,
    (draft, text, context) => {
      const equals = text.indexOf('=');
      const word = (equals < 0 ? text : text.slice(0, equals)).trim();
      const name = BY_LOWER.get(word.toLowerCase());
      if (!name) {
        const near = suggest(word, Object.keys(OPTIONS));
        throw new RuleFault(
          'value',
          `ctl has no option ${JSON.stringify(word)}`,
          near && `did you mean ${near}?`,
        );
      }
      if (equals < 0) throw new RuleFault('value', `ctl:${name} has no value`, `write ctl:${name}=...`);
      draft.effects.push(OPTIONS[name]!(bare(text.slice(equals + 1)), context));
    },
  ),
];
