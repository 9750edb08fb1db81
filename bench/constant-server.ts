/**
 * What `node:http2` alone costs: answers every check with the same bytes and looks at nothing.
 *
 * Usage: node bench/constant-server.ts SOCKET
 */
import { createServer } from "node:http2";

/** An allowing CheckResponse in its gRPC frame: `status { code: 0 }`. */
const ANSWER = Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x00]);
const HEADERS = { ":status": 200, "content-type": "application/grpc" };
const TRAILERS = { "grpc-status": "0" };

const socket = process.argv[2];
if (socket === undefined) throw new Error("names a socket");
const server = createServer();
server.on("stream", (stream) => {
  stream.on("error", () => {}); // a client that has seen enough breaks off
  stream.resume();
  stream.once("end", () => {
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(TRAILERS));
    stream.end(ANSWER);
  });
});
server.listen(socket);
