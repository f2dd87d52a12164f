/** The environment of the L7 process: as nginx, only what the configuration names, and what the runtime needs. */

const KEPT =
  /^(TZ|PATH|LD_LIBRARY_PATH|LD_PRELOAD|ASAN_OPTIONS|LSAN_OPTIONS|SSL_CERT_.*|OPENSSL_.*|NODE_.*|MOAT_.*)$/;
/** How this process was started says nothing about its child. */
const OWN = new Set([
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'MOAT_LISTEN_FDS',
  'MOAT_BACKGROUND',
]);

/** @param directives arguments of `env`: `NAME` keeps, `NAME=value` sets */
export function environmentOf(
  directives: readonly string[],
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => KEPT.test(name) && !OWN.has(name));
  const named = directives.map(directive => {
    const equals = directive.indexOf('=');
    return equals === -1
      ? ([directive, own[directive]] as const)
      : ([directive.slice(0, equals), directive.slice(equals + 1)] as const);
  });
  return Object.fromEntries([...kept, ...named].filter(([, value]) => value !== undefined));
}
