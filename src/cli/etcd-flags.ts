import type { Command } from "commander";
import {
  type EtcdAccess,
  type EtcdEndpoint,
  etcdAccess,
  parseEtcdEndpoint,
} from "../datastore/etcd/etcd-access.ts";
import { flag, RepeatableFlag, readText } from "./flags.ts";
import { UsageError } from "./io.ts";

/** How to reach an etcd, as the command line or the environment said it. */
export type EtcdFlags = {
  readonly etcdEndpoint?: readonly EtcdEndpoint[];
  readonly etcdCa?: string;
  readonly etcdCertificate?: string;
  readonly etcdKey?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
};

export function addEtcdFlags(command: Command): Command {
  return command
    .addOption(
      new RepeatableFlag(
        "--etcd-endpoint <url>",
        "with --datastore etcd: a member, https://HOST:PORT, http://HOST:PORT or unix:PATH",
        parseEtcdEndpoint,
      ),
    )
    .addOption(
      flag("--etcd-ca <file>", "believe members whose certificate one of these signed, PEM", readText),
    )
    .addOption(flag("--etcd-certificate <file>", "our own certificate chain, PEM", readText))
    .addOption(flag("--etcd-key <file>", "its private key, PEM", readText))
    .addOption(flag("--etcd-user <name>", "log in as this user", readText))
    .addOption(flag("--etcd-password-file <file>", "holds the user's password", readText));
}

/** What the flags say, checked for what they ask of each other. */
export function etcdAccessFrom(flags: EtcdFlags): EtcdAccess {
  const { etcdEndpoint: endpoints = [], etcdUser: user, etcdPasswordFile: passwordFile } = flags;
  const { etcdCa: ca, etcdCertificate: certificate, etcdKey: key } = flags;
  if (endpoints.length === 0) throw new UsageError("--datastore etcd needs --etcd-endpoint");
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError("--etcd-certificate and --etcd-key go together");
  }
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new UsageError("--etcd-user and --etcd-password-file go together");
  }
  if ((ca ?? certificate) !== undefined && !endpoints.some(({ isTls }) => isTls)) {
    throw new UsageError("there is no https: address for what --etcd-ca and --etcd-certificate say");
  }
  return etcdAccess(endpoints, { ca, certificate, key, user, passwordFile });
}

/** For what is not read from an etcd. */
export function refuseEtcdFlags(flags: EtcdFlags): void {
  const { etcdEndpoint, etcdCa, etcdCertificate, etcdKey, etcdUser, etcdPasswordFile } = flags;
  const all = [etcdEndpoint, etcdCa, etcdCertificate, etcdKey, etcdUser, etcdPasswordFile];
  if (all.every((each) => each === undefined)) return;
  throw new UsageError("the --etcd flags go with --datastore etcd");
}
