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

/** What the process is started with. */
export function baseEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(own).filter(([name]) => KEPT.test(name) && !OWN.has(name)));
}

/** What `env` directives add: `NAME` keeps ours, `NAME=value` sets. */
export function addedEnvironment(
  directives: readonly string[],
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const added: Record<string, string> = {};
  for (const directive of directives) {
    const [name = '', value = own[name]] = directive.split(/=(.*)/s);
    if (value !== undefined) added[name] = value;
  }
  return added;
}
