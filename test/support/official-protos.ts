import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import protobuf from "protobufjs";

const require = createRequire(import.meta.url);
const DEPS = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");
const DIRECTORIES = ["envoy-api", "googleapis", "protoc-gen-validate", "xds"].map((name) => join(DEPS, name));

// What the annotations in the texts extend. Another loader in the same process may have brought it already.
if (protobuf.common.get("google/protobuf/descriptor.proto") === null) {
  const { google } = require("protobufjs/google/protobuf/descriptor.json").nested;
  protobuf.common("descriptor", google.nested.protobuf.nested);
}

/** The package that v2 refers to and that is not shipped: names alone, so that references resolve. */
const MISSING = `syntax = "proto3"; package envoy.api.v2.core;
  message Address {} message HeaderValueOption {} message Metadata {}`;

/** Envoy's own protocol texts, parsed. Imports that are not shipped beside them are passed over. */
export function officialProtos(...files: string[]): protobuf.Root {
  const root = new protobuf.Root();
  protobuf.parse(MISSING, root);
  root.resolvePath = (_origin, target) => {
    if (protobuf.common.get(target) !== null) return target;
    // null is how a path is passed over, which the declared type leaves out.
    return (
      DIRECTORIES.map((directory) => join(directory, target)).find(existsSync) ?? (null as unknown as string)
    );
  };
  return root.loadSync(files, { keepCase: true });
}
