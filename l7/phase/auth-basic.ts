/** `auth_basic`: a name and a password that a file knows. */
import { credentialsOf } from '../auth/credentials.ts';
import type { Exchange } from '../exchange.ts';
import type { Text } from '../variable/space.ts';
import { ALLOWED, accessPhase, type CheckMaker } from './access.ts';
import { NEXT, type Verdict, WAIT } from './verdict.ts';

const check: CheckMaker = ({ location, worker, text }, tell) => {
  const { realm: template, userFile } = location.settings.access;
  if (template === undefined || template === 'off' || userFile === undefined) return undefined;
  const realm = text(template);
  const path = absolute(text(userFile.path), userFile.confDir);
  return exchange => {
    const name = realm(exchange);
    if (name === 'off') return NEXT;
    const credentials = credentialsOf(exchange);
    if (!credentials) {
      exchange.log('info', 'no user/password was provided for basic authentication');
      return challenge(exchange, name);
    }
    const { user, password } = credentials;
    const file = path(exchange);
    let stored: string | undefined;
    try {
      stored = worker.userFiles.hashOf(file, user);
    } catch (error) {
      return fileFault(exchange, file, error as NodeJS.ErrnoException);
    }
    if (stored === undefined) {
      exchange.log('error', `user "${user}" was not found in "${file}"`);
      return challenge(exchange, name);
    }
    const judge = (right: boolean) => judgement(exchange, right, name);
    const right = worker.passwords.check(user, password, stored, exchange.clock.nowMs(), late =>
      tell(exchange, judge(late)),
    );
    return right === undefined ? WAIT : judge(right);
  };
};

function judgement(exchange: Exchange, right: boolean, realm: string): Verdict {
  if (right) return ALLOWED;
  exchange.log('error', `user "${credentialsOf(exchange)?.user}": password mismatch`);
  return challenge(exchange, realm);
}

function challenge(exchange: Exchange, realm: string): Verdict {
  exchange.challenges = [...exchange.challenges, `Basic realm="${realm}"`];
  return 401;
}

function fileFault(exchange: Exchange, path: string, { code, message }: NodeJS.ErrnoException): Verdict {
  const missing = code === 'ENOENT';
  exchange.log(missing ? 'error' : 'crit', `open() "${path}" failed (${message})`);
  return missing ? 403 : 500;
}

/** A path that begins with a variable may turn out relative. */
function absolute(path: Text, confDir: string): Text {
  return exchange => {
    const text = path(exchange);
    return text.charCodeAt(0) === 47 ? text : confDir + text;
  };
}

export const authBasicPhase = accessPhase('authBasicPhase', check);
