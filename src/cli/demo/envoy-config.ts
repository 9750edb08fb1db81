/**
 * The Envoy bootstrap of the demo and the tests, as plain values that Envoy reads as JSON.
 *
 * What guards a real workload is in `deploy/envoy/`; a test holds the two filters here equal to the ones there.
 */

/** Any value of a configuration; Envoy itself checks its shape. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export type Listener = {
  /** Names the listener where its port is asked for. */
  readonly name: string;
  readonly protocol: "http" | "tcp";
  /** Absent: plaintext. The client must show a certificate of one of the CAs, unless `clientCertificate` says otherwise. */
  readonly tls?: {
    readonly certificate: string;
    readonly privateKey: string;
    /** PEM bundle: whose certificates count. */
    readonly trusted: string;
    /** `any`: Envoy takes every certificate, whoever signed it, expired or not. */
    readonly clientCertificate?: "required" | "optional" | "any";
  };
  /** What the filter answers to; defaults as recommended. */
  readonly authz?: AuthzFilter;
  /** Off: paths reach Ephor and the upstream as the client wrote them. */
  readonly normalizePath?: boolean;
  /** For `http`: also ask once per connection, announced as checked again per request. */
  readonly checkConnectionToo?: boolean;
  readonly maxRequestHeadersKb?: number;
  readonly allowUpgrade?: boolean;
  readonly allowConnect?: boolean;
};

export type AuthzFilter = {
  readonly timeoutMs?: number;
  readonly failureModeAllow?: boolean;
  /** Ephor reads no header; without this none is sent. */
  readonly sendAllHeaders?: boolean;
};

export type Bootstrap = {
  readonly listeners: readonly Listener[];
  /** Socket paths; everything that can be a Unix socket is one, so that nothing needs a free port. */
  readonly admin: string;
  readonly authz: string;
  readonly httpUpstream: string;
  readonly tcpUpstream: string;
};

const TYPE = "type.googleapis.com/envoy";
const ACCESS_LOG_TYPE = `${TYPE}.extensions.access_loggers.stream.v3.StdoutAccessLog`;
const CONNECTION_MANAGER = `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** Marks the lines of Envoy's standard output that are access log entries. */
export const ACCESS_LOG_MARK = "ephor-access-log";

/** A whole bootstrap. Listeners bind to a port of the system's choosing on 127.0.0.1. */
export function envoyBootstrap(options: Bootstrap): Json {
  return {
    admin: { address: { pipe: { path: options.admin } } },
    node: { id: "ephor-demo", cluster: "ephor-demo" },
    static_resources: {
      listeners: options.listeners.map(listener),
      clusters: [
        cluster("ephor", options.authz, true),
        cluster("http_upstream", options.httpUpstream, false),
        cluster("tcp_upstream", options.tcpUpstream, false),
      ],
    },
  };
}

/** The HTTP filter as recommended: `deploy/envoy/http-filter.yaml` says why each line is there. */
export function httpAuthzFilter(filter: AuthzFilter = {}): { readonly [key: string]: Json } {
  return {
    name: "envoy.filters.http.ext_authz",
    typed_config: {
      "@type": `${TYPE}.extensions.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: "V3",
      grpc_service: authzService(filter, []),
      failure_mode_allow: filter.failureModeAllow ?? false,
      include_peer_certificate: true,
      ...(filter.sendAllHeaders ? {} : { allowed_headers: { patterns: [{ exact: ":method" }] } }),
    },
  };
}

/** The network filter as recommended: `deploy/envoy/tcp-filter.yaml`. */
export function tcpAuthzFilter(
  filter: AuthzFilter = {},
  httpFollows: boolean,
): { readonly [key: string]: Json } {
  return {
    name: "envoy.filters.network.ext_authz",
    typed_config: {
      "@type": `${TYPE}.extensions.filters.network.ext_authz.v3.ExtAuthz`,
      stat_prefix: "ephor",
      transport_api_version: "V3",
      grpc_service: authzService(filter, httpFollows ? [{ key: "x-ephor-http-follows", value: "true" }] : []),
      failure_mode_allow: filter.failureModeAllow ?? false,
      include_peer_certificate: true,
    },
  };
}

function authzService(filter: AuthzFilter, metadata: readonly Json[]): Json {
  return {
    envoy_grpc: { cluster_name: "ephor" },
    timeout: `${(filter.timeoutMs ?? 200) / 1_000}s`,
    ...(metadata.length === 0 ? {} : { initial_metadata: metadata }),
  };
}

function listener(options: Listener): Json {
  const { tls } = options;
  return {
    name: options.name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    // Lets a caller say whose address it plays. Only ever behind a balancer that writes the header itself.
    listener_filters: [
      {
        name: "envoy.filters.listener.proxy_protocol",
        typed_config: { "@type": `${TYPE}.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol` },
      },
    ],
    filter_chains: [
      {
        filters: options.protocol === "http" ? httpFilters(options) : tcpFilters(options),
        ...(tls === undefined ? {} : { transport_socket: downstreamTls(tls, options.protocol) }),
      },
    ],
  };
}

function httpFilters(options: Listener): readonly Json[] {
  const normalize = options.normalizePath ?? true;
  const manager = {
    "@type": CONNECTION_MANAGER,
    stat_prefix: options.name,
    normalize_path: normalize,
    merge_slashes: normalize,
    path_with_escaped_slashes_action: normalize ? "REJECT_REQUEST" : "KEEP_UNCHANGED",
    access_log: [accessLog(options.name, "envoy.filters.http.ext_authz")],
    http_filters: [
      httpAuthzFilter(options.authz),
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${TYPE}.extensions.filters.http.router.v3.Router` },
      },
    ],
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: routes(options) }] },
    upgrade_configs: [
      ...(options.allowUpgrade ? [{ upgrade_type: "websocket" }] : []),
      ...(options.allowConnect ? [{ upgrade_type: "CONNECT" }] : []),
    ],
    ...(options.maxRequestHeadersKb === undefined
      ? {}
      : {
          max_request_headers_kb: options.maxRequestHeadersKb,
          common_http_protocol_options: { max_headers_count: 4_000 },
        }),
  };
  const first = options.checkConnectionToo ? [tcpAuthzFilter(options.authz, true)] : [];
  return [...first, { name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
}

function routes(options: Listener): readonly Json[] {
  const all = { match: { prefix: "/" }, route: { cluster: "http_upstream" } };
  if (!options.allowConnect) return [all];
  const connect = {
    match: { connect_matcher: {} },
    route: { cluster: "tcp_upstream", upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: {} }] },
  };
  return [connect, all];
}

/**
 * What belongs into every `tcp_proxy` behind the network filter: by default it connects to the upstream at once and
 * hands back what that says first, before Ephor has been asked.
 */
export const TCP_PROXY_WAITS: { readonly [key: string]: Json } = {
  upstream_connect_mode: "ON_DOWNSTREAM_DATA",
  max_early_data_bytes: 16_384,
};

function tcpFilters(options: Listener): readonly Json[] {
  const proxy = {
    "@type": `${TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: options.name,
    cluster: "tcp_upstream",
    ...TCP_PROXY_WAITS,
    access_log: [accessLog(options.name, "envoy.filters.network.ext_authz")],
  };
  return [
    tcpAuthzFilter(options.authz, false),
    { name: "envoy.filters.network.tcp_proxy", typed_config: proxy },
  ];
}

/** One JSON line an answer: whom Envoy saw, and what Ephor said about it. */
function accessLog(listenerName: string, filter: string): Json {
  const format = {
    mark: ACCESS_LOG_MARK,
    listener: listenerName,
    remote: "%DOWNSTREAM_REMOTE_ADDRESS%",
    status: "%RESPONSE_CODE%",
    details: "%RESPONSE_CODE_DETAILS%",
    ephor: `%DYNAMIC_METADATA(${filter})%`,
  };
  return {
    name: "envoy.access_loggers.stdout",
    typed_config: { "@type": ACCESS_LOG_TYPE, log_format: { json_format: format } },
  };
}

function downstreamTls(tls: NonNullable<Listener["tls"]>, protocol: "http" | "tcp"): Json {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: tls.clientCertificate !== "optional",
      common_tls_context: {
        ...(protocol === "http" ? { alpn_protocols: ["h2", "http/1.1"] } : {}),
        tls_certificates: [
          {
            certificate_chain: { inline_string: tls.certificate },
            private_key: { inline_string: tls.privateKey },
          },
        ],
        validation_context: {
          trusted_ca: { inline_string: tls.trusted },
          ...(tls.clientCertificate === "any"
            ? { trust_chain_verification: "ACCEPT_UNTRUSTED", allow_expired_certificate: true }
            : {}),
        },
      },
    },
  };
}

/** A cluster behind a Unix socket. */
export function cluster(name: string, path: string, http2: boolean): Json {
  const endpoint = { endpoint: { address: { pipe: { path } } } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(http2
      ? {
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        }
      : {}),
  };
}
