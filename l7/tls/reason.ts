/** OpenSSL's words for what went wrong. */

/** `error:0A000102:SSL routines::unsupported protocol`, as OpenSSL's command prints it, out of the runtime's longer text. */
export const opensslReason = ({ message }: Error): string =>
  message.trim().replace(/^[0-9A-F]+:(error:[^:]*:[^:]*):[^:]*:([^:]*):.*$/s, '$1::$2');
