/** A configuration of many servers and many locations, for nginx and moat alike. */

/**
 * @param size so many servers `sK.example`, and so many locations `/at/K/` of the server `places.example`
 * @param version told by `version.example`, so that a reload can be seen
 */
export function scaleConf(
  size: number,
  version: number,
  port: number,
  servers: readonly number[],
  flavour: 'nginx' | 'moat',
): string {
  const numbers = Array.from({ length: size }, (_, at) => at);
  const own = numbers.map(
    k =>
      `server { listen 127.0.0.1:${port}; server_name s${k}.example; location / { proxy_pass http://pool; } }`,
  );
  const places = numbers.map(k => `location /at/${k}/ { proxy_pass http://pool; }`);
  const temp = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
    .map(kind => `${kind}_temp_path temp_${kind};`)
    .join(' ');
  return `worker_processes 1;
pid bench.pid;
error_log error.log warn;
events { worker_connections 15000; }
http {
access_log off;
${flavour === 'nginx' ? temp : ''}
server_names_hash_max_size 65536;
keepalive_timeout 600s;
keepalive_requests 1000000000;
proxy_http_version 1.1;
proxy_set_header Connection "";
upstream pool { ${servers.map(server => `server 127.0.0.1:${server};`).join(' ')} keepalive 256; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${port} default_server backlog=4096; server_name version.example; location / { return 200 "version ${version}"; } }
${own.join('\n')}
server { listen 127.0.0.1:${port}; server_name places.example;
${places.join('\n')}
}
}
`;
}
