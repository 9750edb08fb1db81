/** The ext_authz server: from the bytes of a check to the bytes of its answer. */
export {
  AUTHORIZATION_SERVICES,
  type AuthzOptions,
  AuthzServer,
  HTTP_FOLLOWS_METADATA,
  type TcpSecurity,
} from "./authz-server.ts";
export { CheckHandler, type DecisionObserver } from "./check-handler.ts";
export { blankFlow, type CheckVersion, decodeCheckRequest } from "./decode-check-request.ts";
export { TlsCredentialStore, type TlsCredentials } from "./tls-credentials.ts";
export { findGroup, SOCKET_MODE_DEFAULT, type SocketAccess } from "./unix-socket.ts";
