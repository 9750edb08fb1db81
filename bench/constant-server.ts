/** The baseline of the server bench: node bench/constant-server.ts SOCKET */
import * as grpc from "@grpc/grpc-js";
import { CHECK_PATH_V3 } from "envoy-ext-authz-proto";

/** An allowing CheckResponse: `status { code: 0 }`. */
const ANSWER = Buffer.from([0x0a, 0x00]);
const asIs = (bytes: Buffer): Buffer => bytes;
const socket = process.argv[2];
if (socket === undefined) throw new Error("names a socket");

const server = new grpc.Server();
server.addService(
  {
    Check: {
      path: CHECK_PATH_V3,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  { Check: (_call: unknown, callback: (error: null, answer: Buffer) => void) => callback(null, ANSWER) },
);
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
