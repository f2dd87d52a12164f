/** Directives that stand in nginx's stream and mail blocks alone. */
import type { Rows } from './nginx-only.ts';

const STREAM = 'moat proxies no TCP or UDP as such yet; leave this block with nginx, in a process of its own';
const MAIL = 'moat proxies no mail; leave this block with nginx, in a process of its own';

export const STREAM_AND_MAIL_ONLY: Rows = [
  ['stream', STREAM, 'server'],
  [
    `health_check_timeout js_filter js_preread pass preread_buffer_size preread_timeout proxy_download_rate
     proxy_half_close proxy_protocol_timeout proxy_requests proxy_responses proxy_session_drop
     proxy_ssl proxy_timeout proxy_upload_rate ssl_alpn ssl_handshake_timeout ssl_preread`,
    STREAM,
  ],
  [
    `mqtt mqtt_buffers mqtt_preread mqtt_rewrite_buffer_size mqtt_set_connect`,
    'moat reads no MQTT; leave it with nginx, in a process of its own',
  ],
  [
    `zone_sync zone_sync_buffers zone_sync_connect_retry_interval zone_sync_connect_timeout zone_sync_interval
     zone_sync_recv_buffer_size zone_sync_server zone_sync_ssl zone_sync_ssl_certificate
     zone_sync_ssl_certificate_key zone_sync_ssl_ciphers zone_sync_ssl_conf_command zone_sync_ssl_crl
     zone_sync_ssl_name zone_sync_ssl_password_file zone_sync_ssl_protocols zone_sync_ssl_server_name
     zone_sync_ssl_trusted_certificate zone_sync_ssl_verify zone_sync_ssl_verify_depth zone_sync_timeout`,
    'zones are not shared between machines yet; remove the line',
  ],
  ['mail', MAIL, 'server'],
  [
    `auth_http auth_http_header auth_http_pass_client_cert auth_http_timeout imap_auth imap_capabilities
     imap_client_buffer max_errors pop3_auth pop3_capabilities protocol proxy_buffer proxy_pass_error_message
     proxy_smtp_auth smtp_auth smtp_capabilities smtp_client_buffer smtp_greeting_delay starttls timeout xclient`,
    MAIL,
  ],
];
