/**
 * Limits on everything that comes from outside, in one place: each with its unit and its reason.
 * Exceeding one is an issue or a reasoned refusal, never a slow path.
 */

// Selectors. The API's own cap is 1,024 characters a field; combined ones and those
// received over PolicySync are longer.
export const SELECTOR_TEXT_MAX_CHARS = 8_192;
/** Nesting of parentheses and `!`; bounds the recursion of parser and evaluator. */
export const SELECTOR_DEPTH_MAX = 64;
/** Calico's own tokenizer limit for a label name. */
export const LABEL_NAME_MAX_CHARS = 512;

// Logs and the admin listener.
/** Log lines waiting for a slow reader of standard error; more are dropped rather than waited for. */
export const LOG_BUFFER_MAX_BYTES = 1_048_576;
/** Denials logged a second on average, and at once; the rest are counted. */
export const DENIAL_LOG_RATE_PER_SECOND = 20;
export const DENIAL_LOG_BURST = 100;
/** Bytes of a path, method or principal in a log line. */
export const LOG_TEXT_MAX_CHARS = 256;
/** Probes, a scraper and a person at once; each answer takes a millisecond. */
export const ADMIN_CONNECTIONS_MAX = 64;
export const ADMIN_HEADER_MAX_BYTES = 8_192;
/** A request to the admin listener that is not complete by then is dropped. */
export const ADMIN_REQUEST_TIMEOUT_MS = 5_000;
/** Issues listed in `/status`; the count says how many there are. */
export const STATUS_ISSUES_MAX = 100;

// Identities.
/** The SPIFFE ID standard's own limit for a whole ID. */
export const SPIFFE_ID_MAX_BYTES = 2_048;
/** The SPIFFE ID standard's limit for the trust domain, that of a URI's host. */
export const TRUST_DOMAIN_MAX_BYTES = 255;
/** RFC 1123 as Kubernetes applies it: a label (namespaces) and a subdomain (service accounts). */
export const DNS_LABEL_MAX_CHARS = 63;
export const DNS_SUBDOMAIN_MAX_CHARS = 253;
/** A forwarded certificate, URL-encoded PEM. A leaf takes about 2,000 characters with an RSA key. */
export const FORWARDED_CERTIFICATE_MAX_CHARS = 65_536;
/** Distinct principals kept judged. More than that only costs judging again. */
export const IDENTITY_CACHE_MAX = 8_192;
/** Distinct certificates kept checked, and the characters that they may hold together. */
export const CERTIFICATE_CACHE_MAX = 4_096;
export const CERTIFICATE_CACHE_MAX_CHARS = 16_777_216;
/** One certificate in DER or PEM; with an RSA key of 16,384 bits and a hundred names about 10,000. */
export const CERTIFICATE_MAX_BYTES = 65_536;
/** Names of one certificate that are looked at; an X.509-SVID has one URI name and a few others. */
export const CERTIFICATE_NAMES_MAX = 1_024;
/** The least that counts, as in the baseline requirements of public authorities. */
export const RSA_KEY_MIN_BITS = 2_048;
/** Intermediate authorities on a path; nested deployments have two or three. */
export const CHAIN_AUTHORITIES_MAX = 8;
/** Signatures checked in search of one path: a bundle may hold many authorities of one name. Some 50 µs each. */
export const CHAIN_SIGNATURES_MAX = 32;
/** A path that was not found is looked for again after so long, since an authority's dates may let it in meanwhile. */
export const CHAIN_RETRY_MS = 1_000;
/** One file of a trust bundle, or one of the Workload API's; a few authorities take a few thousand bytes. */
export const TRUST_BUNDLE_MAX_BYTES = 1_048_576;
export const TRUST_BUNDLE_AUTHORITIES_MAX = 256;
/** Files of bundles, certificates and keys are read again this often; a rotation has hours of overlap. */
export const CREDENTIAL_POLL_MS = 1_000;
/** What the Workload API has to tell at start is there at once, or somebody should look. */
export const WORKLOAD_API_FIRST_MS = 10_000;
export const WORKLOAD_API_RETRY_FIRST_MS = 250;
export const WORKLOAD_API_RETRY_MAX_MS = 30_000;
/** A forwarded-certificate header, its elements (one a proxy on the way), and the parsed ones that are kept. */
export const FORWARDED_HEADER_MAX_CHARS = 131_072;
export const FORWARDED_ELEMENTS_MAX = 16;
export const FORWARDED_CACHE_MAX = 1_024;
export const FORWARDED_CACHE_MAX_CHARS = 8_388_608;
/** Characters of an identity that can't be judged, kept for logs and explanations. */
export const FOREIGN_ID_MAX_CHARS = 256;

// Checks.
/**
 * A CheckRequest. Envoy sends the headers, `:path` among them a second time, so header blocks of 1 MiB come to
 * about 2 MiB, and a body if told to.
 */
export const CHECK_REQUEST_MAX_BYTES = 4_194_304;
/**
 * What the transport takes in. Larger than CHECK_REQUEST_MAX_BYTES because the transport can only answer with an error,
 * which hands the decision to Envoy's failure mode; up to here a too large check is denied in a good reply.
 */
export const CHECK_TRANSPORT_MAX_BYTES = 67_108_864;
/** Nested groups, which proto3 does not have, in a CheckRequest's unknown fields. */
export const WIRE_GROUP_DEPTH_MAX = 16;
/** Connections of one server. Envoy opens one a worker thread, and one more for each CHECK_STREAMS_MAX calls under way. */
export const CHECK_CONNECTIONS_MAX = 1_024;
/** From a TCP connection to the end of its TLS handshake. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 5_000;
/** Calls under way on one connection. */
export const CHECK_STREAMS_MAX = 1_000;
/** Once a check has waited this long it is refused at once; half of Envoy's default timeout of 200 ms. */
export const CHECK_WAIT_MAX_MS = 100;
/** Checks that the event loop answers in one go before it can be called a queue; some five milliseconds' worth. */
export const CHECK_QUEUE_MIN = 100;
/** Open calls get this long to end after the last GOAWAY. */
export const SHUTDOWN_GRACE_MS = 1_000;
/** Errors inside checks that are reported a second on average, and at once; each is counted as a denial anyway. */
export const SERVER_ERROR_RATE_PER_SECOND = 1;
export const SERVER_ERROR_BURST = 5;
/** Bytes of the body that a denied client sees. */
export const DENIAL_BODY_MAX_BYTES = 1_024;

// The HTTP/2 transport of checks (`src/http2/`), for each connection where nothing else is said.
/** From a connection to the client's first SETTINGS. */
export const HTTP2_PREFACE_TIMEOUT_MS = 5_000;
/** Until our SETTINGS are acknowledged. */
export const HTTP2_SETTINGS_TIMEOUT_MS = 10_000;
/** From the first byte of a frame, or of a header block of several, to its last. */
export const HTTP2_FRAME_TIMEOUT_MS = 10_000;
/** From a call's head to the end of its answer; Envoy gives up long before. */
export const HTTP2_CALL_MAX_MS = 30_000;
/** A peer that takes none of what waits in the socket for so long is cut off. */
export const HTTP2_WRITE_STALL_MAX_MS = 10_000;
/** A peer that said nothing for so long is asked whether it is there, and cut off if it doesn't answer: proxies keep idle connections for hours. */
export const HTTP2_KEEPALIVE_MS = 120_000;
export const HTTP2_KEEPALIVE_TIMEOUT_MS = 20_000;
/** How often all of the above are looked at. */
export const HTTP2_SWEEP_MS = 1_000;
/** After a connection's last words: what the peer still sends is read and dropped, so that the words arrive. */
export const HTTP2_LINGER_MS = 1_000;
/** A header block on the wire, and as a list of fields by RFC 9113's count; a check's head has a few hundred bytes. */
export const HEADER_BLOCK_MAX_BYTES = 65_536;
export const HEADER_LIST_MAX_BYTES = 65_536;
/** Frames that a header block may go on in: a block of the largest size takes four (CVE-2024-27316). */
export const CONTINUATION_FRAMES_MAX = 8;
/** The table of the peer's compression, RFC 7541's default. */
export const HEADER_TABLE_MAX_BYTES = 4_096;
/** Header blocks that are recognised when they come again. */
export const HEAD_MEMO_MAX = 4;
export const HEAD_MEMO_BLOCK_MAX_BYTES = 1_024;
/** What peers may send before we allow more. It bounds nothing that is kept: the limits on bodies do that. */
export const STREAM_WINDOW_BYTES = 1_048_576;
export const CONNECTION_WINDOW_BYTES = 16_777_216;
/** Bodies of requests that are not complete, of one connection and of all: two of the largest checks, and sixteen. */
export const CONNECTION_BODIES_MAX_BYTES = 8_388_608;
export const SERVER_BODIES_MAX_BYTES = 67_108_864;
/** Answers that wait for the peer's windows to open. */
export const RESPONSES_PENDING_MAX_BYTES = 4_194_304;
/** What may wait in the socket before we stop reading. */
export const WRITE_BACKLOG_MAX_BYTES = 262_144;
/** Frames that ask for no answer, at once, a second, and for each request that was answered. */
export const CONTROL_FRAMES_BURST = 1_000;
export const CONTROL_FRAMES_PER_SECOND = 200;
export const CONTROL_FRAMES_PER_REQUEST = 10;
/** Calls that end without an answer, at once, a second, and for each request that was answered. */
export const STREAM_RESETS_BURST = 1_000;
export const STREAM_RESETS_PER_SECOND = 100;
export const STREAM_RESETS_PER_REQUEST = 1;
/** Streams that we reset are remembered, since the peer may not know yet when it sends more. */
export const RESET_STREAMS_REMEMBERED = 256;
/** Records of streams kept for the next ones, for all connections. */
export const STREAM_POOL_MAX = 256;

// Evaluation.
/** A path that is not plain is read up to six ways; a longer one has no reading and is refused. */
export const PATH_READING_MAX_BYTES = 8_192;
/** Reading and compiling policy give way to requests after so long; a collection of garbage on top stays under 5 ms. */
export const WORK_SLICE_MS = 1;
/** Rules judged together: enough that a walk has few steps, few enough that a changed policy recompiles in milliseconds. */
export const SEGMENT_RULES_MIN = 2_048;
export const SEGMENT_RULES_MAX = 4_096;
/** Remembered answers a segment: identities and addresses that came by; bounds memory, not what can be judged. */
export const IDENTITY_MEMO_MAX = 1_024;
/** Callers of one service with what they ask (address, identity, method) for whom answers are remembered. */
export const CALLER_SLOTS_MAX = 4_096;
/** Row sets of those, all segments together, where nothing is unknown; filled as callers come by. */
export const CALLER_ANSWERS_BYTES_MAX = 16_777_216;
/** Peers of one service that are remembered, where the segment is small enough; hundreds of pods call a busy one. */
export const ADDRESS_MEMO_SLOTS_MAX = 1_024;
/** Row sets of those, filled as addresses come by: all the slots in a segment of the largest size. */
export const ADDRESS_MEMO_BYTES_MAX = 1_048_576;

// Policy documents: what one directory, file, document and object may hold.
/** A file is parsed in one go, at 2 to 3 MB a second; `kubectl get pods -A -o yaml` of a large cluster belongs in several. */
export const POLICY_FILE_MAX_BYTES = 16_777_216;
/** Files under the directory, of those whose name says that they hold policy. */
export const POLICY_FILES_MAX = 20_000;
/** All files together; what a process may be asked to keep in memory. */
export const POLICY_DIRECTORY_MAX_BYTES = 268_435_456;
/** Folders within folders; also what ends a loop of symbolic links. */
export const POLICY_DIRECTORY_DEPTH_MAX = 8;
export const DOCUMENTS_PER_FILE_MAX = 20_000;
/** Mappings and lists within each other; the deepest legal policy has ten. */
export const DOCUMENT_DEPTH_MAX = 64;
/** Values in one document after its aliases are followed: what stops "a billion laughs". */
export const DOCUMENT_VALUES_MAX = 2_000_000;
/** Errors reported for one object; a file of another kind would fill screens. */
export const ISSUES_PER_OBJECT_MAX = 50;
/** An operator's text inside a message. */
export const ISSUE_TEXT_MAX_CHARS = 80;

// Fields of resources; those with a source are the API's own caps.
export const OBJECT_NAME_MAX_CHARS = 253;
export const TIER_NAME_MAX_CHARS = 63;
export const LABEL_VALUE_MAX_CHARS = 4_096;
/** The API's cap on the text of one selector field. */
export const SELECTOR_FIELD_MAX_CHARS = 1_024;
export const RULES_PER_DIRECTION_MAX = 1_024;
export const NETS_PER_RULE_SIDE_MAX = 256;
export const PORTS_PER_RULE_SIDE_MAX = 50;
export const HTTP_METHODS_PER_RULE_MAX = 20;
export const HTTP_PATHS_PER_RULE_MAX = 20;
export const HTTP_PATH_MAX_CHARS = 1_024;
export const RULE_ANNOTATIONS_MAX_BYTES = 262_144;
/** Service account names of one rule side; ours, the API has no cap. */
export const SERVICE_ACCOUNTS_PER_RULE_MAX = 1_024;
/** SPIFFE IDs, prefixes and trust domains of one rule, each in its list; ours, as the one above. */
export const IDENTITIES_PER_RULE_MAX = 1_024;
/** CIDRs of one network set; the largest in use are public block lists of some hundred thousand. */
export const NETWORK_SET_NETS_MAX = 1_000_000;
/** Rules, peers and networks of a ClusterNetworkPolicy, each in its list. */
export const CLUSTER_POLICY_LIST_MAX = 25;

// How the file datastore tells a save from half of one. Milliseconds.
/** A changed file is read once it has stayed the same for so long: editors write in several steps. */
export const FILE_SETTLE_MS = 10;
/**
 * A file that is gone, or whose new text is broken, empty or holds fewer objects, is believed after so long: some
 * tools delete a file and put it back, and slow writers show half of one.
 */
export const FILE_DISTRUST_MS = 120;
/** While other files of the directory still change, a missing file is waited for, but no longer than this. */
export const FILE_MISSING_MAX_MS = 2_000;
/** Looking at every file again whether or not the system told of a change: some file systems never tell. */
export const DIRECTORY_POLL_MS = 2_000;
/** Another command that writes to the same directory is waited for; one takes milliseconds, or seconds with many files. */
export const DIRECTORY_LOCK_WAIT_MS = 10_000;
export const DIRECTORY_LOCK_POLL_MS = 20;
/**
 * A change without a version that meets another one is tried again on what is there now: `calicoctl` tries as often.
 */
export const WRITE_ATTEMPTS_MAX = 5;
/** Reading and parsing give way to requests after so long. */
export const READ_SLICE_MS = 5;
/** Changes of a request that an explanation tries out in search of the nearest that would allow, and changes of policy, which cost more. */
export const EXPLAIN_TRIES_MAX = 256;
export const EXPLAIN_WALKS_MAX = 16;
// PolicySync.
/** Lines of a recording: days of a busy node. */
export const RECORDING_LINES_MAX = 1_000_000;
/** Members of an IP set in one message: 4 MiB divided by the longest member's 51 bytes. */
export const SYNC_MEMBERS_PER_MESSAGE_MAX = 82_200;
/** Messages that may wait for one client on top of its first complete state. */
export const SYNC_BACKLOG_MESSAGES_MAX = 10_000;
/** The same, however fast they come: one flush after a re-list may hold an object of each kind for every pod. */
export const SYNC_QUEUE_MESSAGES_MAX = 1_000_000;
/** A client that takes nothing for this long while more than its bound waits is cut off. */
export const SYNC_STALL_FULL_MAX_MS = 1_000;
/** A client that takes nothing for this long while something waits is cut off. */
export const SYNC_STALL_MAX_MS = 10_000;
/** Messages that a sidecar takes from its stream before it has read them. */
export const SYNC_UNREAD_MESSAGES_MAX = 4_096;
/** One message in either direction: policies that expand to thousands of rules are well over gRPC's 4 MiB. */
export const SYNC_MESSAGE_MAX_BYTES: number = 64 * 1_024 * 1_024;

// The node agent.
/** Credentials are four short names. */
export const CREDENTIALS_FILE_MAX_BYTES = 16_384;
/** Far above the pods that one node can run. */
export const CREDENTIALS_FILES_MAX = 4_096;
/** A node's status with thousands of pods; more is some other server. */
export const STATUS_ANSWER_MAX_BYTES = 16_777_216;

// The Kubernetes API server.
/** Objects of one page of a list: enough that ten thousand come in twenty requests, few enough that a page is parsed in tens of milliseconds. */
export const LIST_PAGE_OBJECTS = 500;
/** One page. Objects are at most 3 MiB each as the API takes them in, and most have a few kilobytes. */
export const LIST_PAGE_MAX_BYTES = 268_435_456;
/** One event of a watch: an object, twice if it is escaped badly. */
export const WATCH_LINE_MAX_BYTES = 16_777_216;
/** Any other answer: discovery, errors. */
export const API_ANSWER_MAX_BYTES = 16_777_216;
/** Until an answer's head is there; an API server under load takes seconds for a list. */
export const API_ANSWER_TIMEOUT_MS = 15_000;
/** Between two pieces of an answer's body. */
export const API_BODY_IDLE_TIMEOUT_MS = 15_000;
/** An API server sends a bookmark about once a minute; a watch that said nothing for longer is taken to be dead. */
export const WATCH_SILENCE_MAX_MS = 100_000;
/** A watch is asked to end after 5 to 10 minutes, each at another time, so that load spreads over API servers. */
export const WATCH_MIN_SECONDS = 300;
/** A request that proves that the API server answers at all; without an answer every watch is begun anew. */
export const HEARTBEAT_MS = 10_000;
export const HEARTBEAT_TIMEOUT_MS = 10_000;
/** While there is none, how long after one such request the next is made: what is found back soon is caught up with soon. */
export const HEARTBEAT_RETRY_MS = 1_000;
/** Pauses between attempts double from one to the other, less a random half. */
export const RETRY_MIN_MS = 200;
export const RETRY_MAX_MS = 30_000;
/** A `Retry-After` that asks for more is answered earlier. */
export const RETRY_AFTER_MAX_MS = 120_000;
/** Two full lists of one kind begin at least so far apart. */
export const RELIST_MIN_MS = 500;
/** Failures in a row at one place of the history before a list is made instead. */
export const WATCH_FAILURES_MAX = 5;
/** A kind that the API server doesn't know is asked for again after so long. */
export const UNKNOWN_KIND_POLL_MS = 30_000;
/** That a kind which was there is gone has to be true twice, so far apart. */
export const UNKNOWN_KIND_CONFIRM_MS = 5_000;
/** Changes that arrive together are told together; the first waits so long for the others. */
export const CHANGES_COALESCE_MS = 5;
/** A service account's token is read again after so long; kubelet replaces it well before it expires. */
export const CREDENTIALS_REREAD_MS = 10_000;

// Problems written back to a cluster as Events.
/** Events of all objects a second on average, and at once. */
export const STATUS_RATE_PER_SECOND = 1;
export const STATUS_BURST = 25;
/** The same for one object: an author who saves a broken policy again and again. As Kubernetes' own components limit theirs. */
export const STATUS_OBJECT_RATE_PER_SECOND: number = 1 / 300;
export const STATUS_OBJECT_BURST = 10;
/** Objects whose rate is remembered; beyond them the one that was quiet for longest starts anew. */
export const STATUS_OBJECTS_MAX = 4_096;
/** Problems that are told of at a time. */
export const STATUS_PROBLEMS_MAX = 1_000;
/** An Event is told again after so long while its problem stands; API servers forget Events after an hour. */
export const STATUS_REPEAT_MS = 1_800_000;
/** An Event that somebody wrote less than this ago isn't written again. */
export const STATUS_FRESH_MS = 300_000;
/** A new problem waits for others, and node agents that see it at one time don't all ask who writes at one time. */
export const STATUS_SPREAD_MS = 5_000;
/** After a refusal, which lasts until somebody changes permissions. */
export const STATUS_REFUSED_MS = 300_000;
/** The API server's own limit for an Event's note. */
export const STATUS_NOTE_MAX_BYTES = 1_024;
/** One of many node agents writes; another takes over when it has not said so for this long. */
export const STATUS_LEASE_MS = 600_000;
/** It says so again after this long, well before. */
export const STATUS_LEASE_RENEW_MS = 200_000;

// An etcd.
/** From the first packet to a connection that is secured and speaks gRPC; after it another member is tried. */
export const ETCD_CONNECT_TIMEOUT_MS = 5_000;
/** Until a call is answered; a member without a leader says so sooner. */
export const ETCD_ANSWER_TIMEOUT_MS = 15_000;
/** One answer. etcd's own limit for what one write holds is 1.5 MB, and a page has as many objects as LIST_PAGE_OBJECTS. */
export const ETCD_MESSAGE_MAX_BYTES = 67_108_864;
/** A peer is asked for a sign of life after so long; etcd ends connections that ask more often than every five seconds. */
export const ETCD_KEEPALIVE_MS = 10_000;
export const ETCD_KEEPALIVE_TIMEOUT_MS = 5_000;
/** A watch asks how far etcd is after so long, and is taken to be dead if it has heard nothing at all for longer. */
export const ETCD_PROGRESS_MS = 5_000;
export const ETCD_SILENCE_MAX_MS = 15_000;
/** Pauses between attempts grow from RETRY_MIN_MS to this: an attempt that is refused costs a member next to nothing. */
export const ETCD_RETRY_MAX_MS = 5_000;
