/** What the regression tests of the OWASP rules assume (tests/regression/README.md there), and a rule that marks the log. */
export const SETUP = `
SecRule REQUEST_HEADERS:X-Mark "@unconditionalMatch" "id:9,phase:1,pass,log,msg:'mark',logdata:'%{MATCHED_VAR}'"
SecAction "id:3,phase:1,pass,nolog,t:none,setvar:tx.paranoia_level=4,setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
`;
