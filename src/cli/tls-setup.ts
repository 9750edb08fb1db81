import { type TcpSecurity, TlsCredentialStore } from "../authz/index.ts";
import { systemClock } from "../base/clock.ts";
import type { ListenAddress } from "../base/listen-address.ts";
import { ClientGate } from "../identity/client-gate.ts";
import { parseTrustBundle, type TrustBundle } from "../identity/trust-bundle.ts";
import { FilePoll } from "./file-poll.ts";
import type { IdentitySetup, WatchedSource } from "./identity-sources.ts";
import { UsageError } from "./io.ts";
import type { TlsFlags } from "./tls-flags.ts";

export type TlsSetup = {
  /** Undefined: no TCP listener. */
  readonly security: TcpSecurity | undefined;
  readonly sources: readonly WatchedSource[];
};

/** What the flags say of TCP listeners, ready to be started: the certificate is there once the sources have started. */
export function setUpTls(
  flags: TlsFlags,
  listen: readonly ListenAddress[],
  identity: IdentitySetup,
  onProblem: (message: string) => void,
): TlsSetup {
  const { tlsCertificate, tlsKey, tlsClientCa, allowClient, insecureTcp = false } = flags;
  const hasFiles = tlsCertificate !== undefined || tlsKey !== undefined;
  const isTls = hasFiles || tlsClientCa !== undefined || allowClient !== undefined;
  const hasTcp = listen.some(({ kind }) => kind === "tcp");
  if (insecureTcp && isTls) throw new UsageError("--insecure-tcp excludes the TLS flags");
  if (!hasTcp) {
    if (!isTls && !insecureTcp) return { security: undefined, sources: [] };
    throw new UsageError("there is no TCP address to --listen on for what the TLS flags say");
  }
  if (insecureTcp) return { security: { kind: "insecure" }, sources: [] };
  if (hasFiles && (tlsCertificate === undefined || tlsKey === undefined)) {
    throw new UsageError("TLS needs both --tls-certificate and --tls-key");
  }
  if (!hasFiles && flags.workloadApi === undefined) {
    throw new UsageError(
      "--listen on TCP needs --tls-certificate and --tls-key, --workload-api, or --insecure-tcp",
    );
  }
  if (allowClient !== undefined && tlsClientCa === undefined && !identity.hasBundles) {
    throw new UsageError("--allow-client needs --tls-client-ca, --trust-bundle or --workload-api");
  }
  const files = new TlsFiles(identity.svid, { tlsCertificate, tlsKey, tlsClientCa }, onProblem);
  const gate =
    allowClient === undefined
      ? undefined
      : new ClientGate(systemClock, {
          allowed: allowClient,
          bundleOf: (domain) => files.clientAuthorities ?? identity.bundles.of(domain),
        });
  const admit = gate && ((certificates: readonly Buffer[]) => gate.admit(certificates));
  const security: TcpSecurity = {
    kind: "tls",
    credentials: files.credentials,
    ...(admit === undefined ? {} : { admit }),
  };
  return { security, sources: [files] };
}

/** Certificate and key from files, or from elsewhere with only the clients' authorities from a file; kept up to date. */
class TlsFiles implements WatchedSource {
  readonly credentials: TlsCredentialStore;
  #clientAuthorities: TrustBundle | undefined;
  readonly #poll: FilePoll | undefined;

  constructor(
    svid: TlsCredentialStore,
    paths: {
      readonly tlsCertificate: string | undefined;
      readonly tlsKey: string | undefined;
      readonly tlsClientCa: string | undefined;
    },
    onProblem: (message: string) => void,
  ) {
    const { tlsCertificate, tlsKey, tlsClientCa } = paths;
    const ownFiles = tlsCertificate !== undefined && tlsKey !== undefined ? [tlsCertificate, tlsKey] : [];
    this.credentials = ownFiles.length > 0 ? new TlsCredentialStore() : svid;
    const all = [...ownFiles, ...(tlsClientCa === undefined ? [] : [tlsClientCa])];
    if (all.length === 0) return;
    this.#poll = new FilePoll(all, {
      onContents: (contents) => {
        const [certificateChain, privateKey] = contents;
        const ca = tlsClientCa === undefined ? undefined : contents.at(-1);
        const authorities = ca === undefined ? undefined : readAuthorities(ca);
        if (ownFiles.length > 0 && certificateChain !== undefined && privateKey !== undefined) {
          this.credentials.replace({ certificateChain, privateKey, clientAuthorities: ca });
        } else {
          this.credentials.setClientAuthorities(ca);
        }
        this.#clientAuthorities = authorities;
      },
      onProblem: (message) => onProblem(`the TLS files: ${message}`),
    });
  }

  /** Undefined: none are given by file. */
  get clientAuthorities(): TrustBundle | undefined {
    return this.#clientAuthorities;
  }

  async start(): Promise<void> {
    try {
      await this.#poll?.start();
    } catch (reason) {
      throw new UsageError(`the TLS files: ${reason instanceof Error ? reason.message : reason}`);
    }
  }

  close(): void {
    this.#poll?.close();
  }
}

function readAuthorities(pem: Buffer): TrustBundle {
  const content = parseTrustBundle(pem.toString("utf8"));
  if (content.ok && content.value.kind === "one") return content.value.bundle;
  throw new Error(`--tls-client-ca ${content.ok ? "holds bundles by trust domain" : content.error}`);
}
