/** Directives of nginx's http modules, other than those that pass requests on. */
import type { Rows } from './nginx-only.ts';

const NO_DAV = 'moat does no WebDAV; proxy_pass to a server that does';
const WHOLE_FILES = 'files are sent as they are; players ask for ranges';
const NO_SEGMENTS = 'cut the video into segments beforehand, or proxy_pass to a server that does';
const NO_IMAGES = 'make the images beforehand, or proxy_pass to a server that does';
const NO_SCRIPTS = 'moat runs no scripts; put the logic behind proxy_pass';
const NO_SCRIPTED_VARIABLES =
  'moat runs no scripts; variables can be made with map, geo, set and split_clients';
const NO_INCLUDES = 'moat does no server-side includes; use sub_filter, or do so in the application';

export const HTTP_ONLY: Rows = [
  ['dav_methods', NO_DAV],
  ['create_full_put_path dav_access min_delete_depth', NO_DAV, 'dav_methods'],
  ['degradation degrade', 'limit what comes in with limit_conn and limit_req'],
  ['f4f flv mp4', WHOLE_FILES],
  ['f4f_buffer_size', WHOLE_FILES, 'f4f'],
  [
    'mp4_buffer_size mp4_limit_rate mp4_limit_rate_after mp4_max_buffer_size mp4_start_key_frame',
    WHOLE_FILES,
    'mp4',
  ],
  ['hls', NO_SEGMENTS],
  [
    'hls_buffers hls_forward_args hls_fragment hls_mp4_buffer_size hls_mp4_max_buffer_size',
    NO_SEGMENTS,
    'hls',
  ],
  [
    'geoip_city geoip_country geoip_org geoip_proxy geoip_proxy_recursive',
    'its databases are no longer made; use geoip2 with a file of today (.mmdb)',
  ],
  [
    'gzip_hash gzip_no_buffer gzip_window postpone_gzipping',
    'moat chooses this by itself; remove the line',
    'gzip',
  ],
  [
    `http3 http3_hq http3_max_concurrent_streams http3_max_table_capacity http3_stream_buffer_size
     quic_active_connection_id_limit quic_bpf quic_gso quic_host_key quic_max_concurrent_streams_bidi
     quic_max_concurrent_streams_uni quic_retry quic_stream_buffer_size`,
    'moat does not speak HTTP/3; clients fall back to TCP when Alt-Svc does not offer it',
    'listen ... quic',
  ],
  ['image_filter', NO_IMAGES],
  [
    `image_filter_buffer image_filter_interlace image_filter_jpeg_quality image_filter_sharpen
     image_filter_transparency image_filter_webp_quality`,
    NO_IMAGES,
    'image_filter',
  ],
  ['internal_redirect', 'use rewrite, try_files or error_page with a named location'],
  ['js_access js_body_filter js_content js_header_filter', NO_SCRIPTS],
  ['js_periodic js_set js_var', NO_SCRIPTED_VARIABLES],
  [
    `js_context_reuse js_engine js_fetch_buffer_size js_fetch_ciphers js_fetch_keepalive
     js_fetch_keepalive_requests js_fetch_keepalive_time js_fetch_keepalive_timeout
     js_fetch_max_response_buffer_size js_fetch_protocols js_fetch_proxy js_fetch_timeout
     js_fetch_trusted_certificate js_fetch_verify js_fetch_verify_depth js_import js_include
     js_load_http_native_module js_load_stream_native_module js_path js_preload_object
     js_shared_array_zone js_shared_dict_zone`,
    NO_SCRIPTED_VARIABLES,
    'js_set, js_content',
  ],
  ['json_set json_schema', 'moat looks into no JSON; do so in the application'],
  ['keyval keyval_zone', 'use map, and reload when the values change'],
  ['num_map', 'use map with regular expressions, or geo'],
  ['perl perl_set', NO_SCRIPTS],
  ['perl_modules perl_require', NO_SCRIPTS, 'perl'],
  ['post_action', 'use mirror, or read the access log'],
  ['session_log', 'use access_log with $request_id'],
  ['session_log_format session_log_zone', 'use access_log with $request_id', 'session_log'],
  ['slice', 'moat has no cache yet that it would fill by ranges'],
  ['spdy_chunk_size spdy_headers_comp limit_zone', 'obsolete in nginx too; remove the line'],
  ['ssl_ech_file', 'moat does no encrypted ClientHello; remove the line'],
  ['ssl_key_log', 'start moat with NODE_OPTIONS=--tls-keylog=FILE while you debug'],
  ['ssi', NO_INCLUDES],
  [
    `ssi_ignore_recycled_buffers ssi_last_modified ssi_min_file_chunk ssi_silent_errors ssi_types
     ssi_value_length`,
    NO_INCLUDES,
    'ssi',
  ],
  ['xslt_stylesheet', 'transform XML in the application'],
  [
    'xml_entities xslt_last_modified xslt_param xslt_string_param xslt_types',
    'transform XML in the application',
    'xslt_stylesheet',
  ],
];
