/** The workload behind Envoy: answers every request with what reached it, and echoes connections. */
import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";

/** What an HTTP answer's body holds, as JSON. */
export type Echo = { readonly method: string; readonly path: string };

/** Serves on two Unix sockets until closed. */
export class EchoUpstream {
  readonly #http: HttpServer;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  #answered = 0;

  /** @param greeting what it says first on connections without HTTP, as a mail or database server would. */
  constructor(greeting = "") {
    // A big header block must fail at Envoy or at Ephor, never here.
    this.#http = createHttpServer({ maxHeaderSize: 4 * 1024 * 1024 }, (request, response) => {
      this.#answered++;
      const echo: Echo = { method: request.method ?? "", path: request.url ?? "" };
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify(echo)}\n`);
    });
    this.#http.on("upgrade", (request, socket) => {
      this.#answered++;
      const protocol = request.headers.upgrade ?? "";
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`);
      socket.pipe(socket);
    });
    this.#tcp = createServer((socket) => {
      this.#answered++;
      socket.write(greeting);
      socket.on("error", () => socket.destroy()); // a caller that hangs up is no news
      socket.pipe(socket);
    });
    for (const server of [this.#http, this.#tcp]) {
      server.on("connection", (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
      });
    }
  }

  /** Requests and connections that have reached it: none may without Ephor's word. */
  get answered(): number {
    return this.#answered;
  }

  async listen(paths: { readonly http: string; readonly tcp: string }): Promise<void> {
    this.#http.listen(paths.http);
    this.#tcp.listen(paths.tcp);
    await Promise.all([once(this.#http, "listening"), once(this.#tcp, "listening")]);
  }

  async close(): Promise<void> {
    const closed = Promise.all([once(this.#http, "close"), once(this.#tcp, "close")]);
    this.#http.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
