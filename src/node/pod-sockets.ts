/**
 * One PolicySync socket for each pod that mounted the policy volume, kept in step with the credentials.
 *
 * Whatever goes wrong for one pod is tried again with the next look, for that pod alone; a directory that can't be listed
 * changes nothing. Looks happen on a watch and on a slow timer, never two at once.
 */
import { type FSWatcher, watch } from "node:fs";
import { chmod, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { toError } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { EndpointId } from "../policy/messages.ts";
import type { FanOut } from "../sync/fan-out.ts";
import { SyncServer, type SyncServerEvents } from "../sync/sync-server.ts";
import { listCredentials, type PodCredentials } from "./credentials.ts";

export type PodSocketsOptions = {
  /** As Felix's `policySyncPathPrefix`: holds `creds/` and `mount/`. */
  readonly prefix: string;
  /** Of the sockets; 0o666 inside the mount that only the pod sees. */
  readonly socketMode: number;
};

export type PodStatus = {
  readonly id: string;
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  /** Messages waiting for its stream; undefined: no stream. */
  readonly backlog: number | undefined;
  /** Why it has no socket; empty if it has. */
  readonly problem: string;
};

const LOOK_INTERVAL_MS = 1_000;
/** `sun_path` less its closing NUL. */
const SOCKET_PATH_MAX_BYTES = 107;

type ServedPod = { readonly credentials: PodCredentials; readonly server: SyncServer };

export class PodSockets {
  readonly #clock: Clock;
  readonly #fanOut: FanOut;
  readonly #events: SyncServerEvents & { problem(message: string): void };
  readonly #options: PodSocketsOptions;
  readonly #served = new Map<string, ServedPod>();
  /** Id to why; each is told once for as long as it stays the same. */
  #problems = new Map<string, string>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #refusal: string | undefined;
  #closed = false;

  constructor(
    clock: Clock,
    fanOut: FanOut,
    events: SyncServerEvents & { problem(message: string): void },
    options: PodSocketsOptions,
  ) {
    this.#clock = clock;
    this.#fanOut = fanOut;
    this.#events = events;
    this.#options = options;
  }

  get pods(): readonly PodStatus[] {
    const served = [...this.#served.values()].map(({ credentials, server }) => ({
      ...credentials,
      backlog: server.backlog,
      problem: "",
    }));
    const failed = [...this.#problems]
      .filter(([id]) => id !== DIRECTORY && !this.#served.has(id))
      .map(([id, problem]) => ({ id, namespace: "", podName: "", podUid: "", backlog: undefined, problem }));
    return [...served, ...failed];
  }

  /** Serves what is there before it resolves, then follows. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
  }

  /** Compare credentials and sockets once; a call during a look makes another one follow. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#lookUntilQuiet().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /**
   * While there is a reason, no stream is served: open ones end, and new ones are refused, so that clients know that
   * what they have may be old. They keep it and try again.
   */
  setRefusal(why: string | undefined): void {
    this.#refusal = why;
    for (const { server } of this.#served.values()) server.setRefusal(why);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#looking;
    for (const id of [...this.#served.keys()]) this.#drop(id, "the node agent stops");
  }

  async #lookUntilQuiet(): Promise<void> {
    do {
      this.#lookAgain = false;
      await this.#lookOnce();
    } while (this.#lookAgain && !this.#closed);
  }

  async #lookOnce(): Promise<void> {
    this.#watch();
    const listing = await listCredentials(this.#options.prefix);
    if (this.#closed) return;
    const problems = new Map<string, string>();
    if (!listing.ok) {
      problems.set(DIRECTORY, listing.error);
    } else {
      const { pods, unusable } = listing.value;
      for (const [id, why] of unusable) problems.set(id, why);
      this.#dropMissing(new Map(pods.map((pod) => [pod.id, pod])), unusable);
      for (const pod of pods) {
        if (this.#served.has(pod.id)) continue;
        const why = await this.#serve(pod);
        if (why !== undefined) problems.set(pod.id, why);
      }
    }
    for (const [id, why] of problems) if (this.#problems.get(id) !== why) this.#events.problem(why);
    this.#problems = problems;
  }

  /** A pod whose file is there but unreadable at the moment keeps its socket. */
  #dropMissing(pods: ReadonlyMap<string, PodCredentials>, unusable: ReadonlyMap<string, string>): void {
    for (const [id, { credentials }] of this.#served) {
      const now = pods.get(id);
      if (now === undefined && !unusable.has(id)) this.#drop(id, "the pod's volume is gone");
      else if (now !== undefined && now.podUid !== credentials.podUid)
        this.#drop(id, "the volume went to another pod");
    }
  }

  async #serve(pod: PodCredentials): Promise<string | undefined> {
    const path = join(this.#options.prefix, "mount", pod.id, "socket");
    if (Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES) {
      return `\`${path}\` is longer than the ${SOCKET_PATH_MAX_BYTES} bytes of a socket's path: use a shorter prefix`;
    }
    const server = new SyncServer(this.#clock, this.#fanOut, podEndpoint(pod), this.#events);
    server.setRefusal(this.#refusal);
    try {
      await removeSocket(path);
      await server.listen(path);
      await chmod(path, this.#options.socketMode);
    } catch (reason) {
      server.close("the socket could not be set up");
      return `no socket for pod ${pod.namespace}/${pod.podName}: ${toError(reason).message}`;
    }
    if (this.#closed) server.close("the node agent stops");
    else this.#served.set(pod.id, { credentials: pod, server });
    return undefined;
  }

  #drop(id: string, why: string): void {
    this.#served.get(id)?.server.close(why);
    this.#served.delete(id);
  }

  /** The watch only makes looks come sooner; where it fails, the timer is enough. */
  #watch(): void {
    if (this.#watcher !== undefined || this.#closed) return;
    try {
      const watcher = watch(join(this.#options.prefix, "creds"), () => void this.look());
      watcher.on("error", () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      // Most often the directory does not exist yet: the next look tries again.
    }
  }
}

/** Key of the problem that concerns no single pod; no volume has this id. */
const DIRECTORY = "";

function podEndpoint(pod: PodCredentials): EndpointId {
  return { orchestratorId: "k8s", workloadId: `${pod.namespace}/${pod.podName}`, endpointId: "eth0" };
}

/** What an earlier agent left behind; anything but a socket stays and makes listening fail. */
async function removeSocket(path: string): Promise<void> {
  try {
    if ((await stat(path)).isSocket()) await unlink(path);
  } catch (reason) {
    if ((toError(reason) as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
  }
}
